"""A run's page holds everything, needs nothing, stays small, and shows text as text."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from html_reader import Page

from edgecnn.data.dataset import Dataset
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.metrics import measure
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.report.misclassified import worst_mistakes
from edgecnn.trainer.report.reliability import measure_reliability
from edgecnn.trainer.report.run_page import RunPage, render_run_page
from edgecnn.trainer.run_folder import read_run
from edgecnn.trainer.score import choose_device, logits_of
from edgecnn.trainer.snapshot import Epoch

HISTORY = [Epoch(i, 1 / i, 0.5, 2 / i, 0.5, 0.1) for i in range(1, 4)]
EVIL = "<script>alert('x')</script><img src=https://evil.example/a.png>"


def made_up(
    labels: tuple[str, ...],
    answers: npt.NDArray[np.floating],
    truth: npt.NDArray[np.int64],
    shape: tuple[int, int, int] = (28, 28, 1),
) -> RunPage:
    """Return the page's parts for these answers, with noise as pictures."""
    mistakes = worst_mistakes(answers, truth)
    noise = np.random.default_rng(1).integers(0, 256, (24, *shape), np.uint8)
    return RunPage(
        title="made up",
        recipe=Recipe(data="digits").to_json(),
        facts=(("device", "cpu"),),
        history=HISTORY,
        test=measure(labels, truth, answers.argmax(1), form="torch", split="test"),
        reliability=measure_reliability(answers, truth),
        mistakes=mistakes,
        mistaken=noise[: len(mistakes)],
        samples=noise,
        pictures={"train": 1200, "validation": 240, "test": len(truth)},
        problems=(),
    )


def many_classes(n: int, shape: tuple[int, int, int]) -> RunPage:
    random = np.random.default_rng(2)
    answers, truth = random.dirichlet(np.ones(n), 20 * n), random.integers(0, n, 20 * n)
    return made_up(tuple(f"class number {i}" for i in range(n)), answers, truth, shape)


def test_a_real_run_has_a_page(digits: tuple[Dataset, ModelSpec], run_folder: Path) -> None:
    test, run = digits[0].test, read_run(run_folder)
    answers = logits_of(run.network, test, choose_device("cpu")).softmax(1).numpy()
    mistakes = worst_mistakes(answers, test.labels)
    frames = np.asarray(test.frames)
    parts = replace(
        made_up(run.spec.labels, answers, test.labels),
        history=run.report.history,
        mistaken=frames[[wrong.index for wrong in mistakes]],
        samples=frames[:8],
    )
    page = Page(render_run_page(parts))
    assert f"{run.report.test.accuracy.value:.2%} of 359 test pictures" in page.text
    assert f"{parts.reliability.ece:.2%}" in page.text
    # Three curves, confusions, reliability, then the small pictures.
    assert page.tags.count("img") == 3 + 1 + 1 + len(mistakes) + 8
    for title in ("Training", "Confusions", "Classes", "Reliability", "Worst mistakes",
                  "Augmented pictures", "Data", "Recipe", "Machine and digests"):  # fmt: skip
        assert title in page.text
    assert '"data": "digits"' in page.text
    assert page.outside == []


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (96, 96, 3), (300, 200, 3)])
def test_a_hundred_classes_and_noise_as_pictures_stay_under_3_mb(
    shape: tuple[int, int, int],
) -> None:
    parts = many_classes(100, shape)
    assert len(parts.mistakes) == len(parts.samples) == 24
    assert len(render_run_page(parts).encode()) < 3_000_000


def test_ten_thousand_problems_do_not_fill_the_page_and_are_counted() -> None:
    problems = tuple(f"train/3/{i}.png: cannot be decoded" for i in range(10_000))
    page = Page(render_run_page(replace(many_classes(3, (28, 28, 1)), problems=problems)))
    assert page.text.count("cannot be decoded") == 200
    assert "The first 200 of 10,000" in page.text


def test_html_in_any_text_is_shown_as_text() -> None:
    answers = np.array([[0.9, 0.1], [0.8, 0.2]])
    parts = replace(
        made_up((EVIL, "b"), answers, np.array([0, 1])),
        title=EVIL, recipe=f'"{EVIL}"', facts=((EVIL, EVIL),), problems=(EVIL,),
    )  # fmt: skip
    page = Page(render_run_page(parts))
    assert "script" not in page.tags
    assert page.outside == []
    # Two titles, two tables, a caption, the recipe, a fact and its value, and a problem.
    assert page.text.count(EVIL) == 9


def test_a_class_that_was_never_called_is_on_the_page() -> None:
    parts = made_up(("ant", "bee", "wasp"), np.eye(3)[[0, 1, 0]], np.array([0, 1, 2]))
    assert '<tr><td>wasp</td><td class="number">1</td><td class="number">0</td>' in render_run_page(
        parts
    )


def test_a_network_without_mistakes_and_without_samples_has_a_page() -> None:
    parts = made_up(("ant", "bee"), np.eye(2), np.arange(2))
    page = Page(render_run_page(replace(parts, samples=np.zeros((0, 28, 28, 1), np.uint8))))
    assert "No picture was misclassified." in page.text
    assert "Augmented pictures" not in page.text
    assert "100.00% of 2 test pictures" in page.text


def test_the_hardest_class_comes_first() -> None:
    # F1: ant 4/5, bee 1, wasp 2/3.
    parts = made_up(("ant", "bee", "wasp"), np.eye(3)[[0, 0, 1, 0, 2]], np.array([0, 0, 1, 2, 2]))
    classes = render_run_page(parts).split("<h2>Classes</h2>")[1].split("<h2>")[0]
    places = [classes.index(f"<td>{label}</td>") for label in ("wasp", "ant", "bee")]
    assert places == sorted(places)


def test_a_picture_for_every_mistake_or_no_page() -> None:
    parts = made_up(("ant", "bee"), np.eye(2), np.array([1, 0]))
    with pytest.raises(ValueError, match=r"zip\(\)"):
        render_run_page(replace(parts, mistaken=parts.mistaken[:1]))
