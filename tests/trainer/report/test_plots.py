"""Figures are drawn for every shape of run, and twice the same."""

from dataclasses import make_dataclass

import numpy as np
import numpy.typing as npt
import pytest

from edgecnn.opencv import decode_picture
from edgecnn.trainer.metrics import Metrics, measure
from edgecnn.trainer.report.plots import (
    panels_of,
    plot_confusion,
    plot_curve,
    plot_history,
    plot_reliability,
)
from edgecnn.trainer.report.reliability import measure_reliability
from edgecnn.trainer.snapshot import Epoch

HISTORY = [Epoch(i, 1 / i, 1 - 1 / i, 2 / i, 1 - 1.5 / i, 0.1 / i) for i in range(1, 41)]


def decoded(png: bytes) -> npt.NDArray[np.uint8]:
    picture = decode_picture(png)
    assert picture is not None
    return picture


def scored(labels: tuple[str, ...]) -> Metrics:
    indexes = np.arange(len(labels))
    calls = np.where(indexes == 1, 0, indexes)
    return measure(labels, indexes, calls, form="torch", split="test")


def test_training_and_validation_share_a_panel() -> None:
    assert panels_of(HISTORY) == ["loss", "accuracy", "learning_rate"]


def test_whatever_else_an_epoch_notes_has_its_own_panel() -> None:
    noted = make_dataclass("Noted", [("epoch", int), ("loss", float), ("seconds", float)])
    assert panels_of([noted(1, 0.5, 3.0)]) == ["loss", "seconds"]


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_a_run_of_any_length_is_drawn(epochs: int) -> None:
    height, width = decoded(plot_history(HISTORY[:epochs])).shape[:2]
    assert width == 4 * height
    curve = decoded(plot_curve(HISTORY[:epochs], "learning_rate"))
    assert len(np.unique(curve @ np.array([1, 256, 65536]))) > 2


def test_a_curve_shows_training_in_blue_and_validation_in_orange() -> None:
    blue, orange = (0xEB, 0x6F, 0x1F), (0x0D, 0x73, 0xD9)
    both, alone = (decoded(plot_curve(HISTORY, name)) for name in ("loss", "learning_rate"))
    assert [(both == colour).all(2).any() for colour in (blue, orange)] == [True, True]
    assert [(alone == colour).all(2).any() for colour in (blue, orange)] == [True, False]


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(("ant", "bee"), id="two"),
        pytest.param(tuple(f"class number {i}" for i in range(100)), id="a hundred"),
        pytest.param(("$\\frac{", "a$b$c", "<b>", "_^"), id="what would be a formula"),
        pytest.param(("long " * 40, "b", "c"), id="a name as long as a sentence"),
    ],
)
def test_any_names_of_classes_are_drawn(labels: tuple[str, ...]) -> None:
    height, width = decoded(plot_confusion(scored(labels))).shape[:2]
    assert height == width <= 1320


def test_a_network_without_mistakes_has_a_confusion_matrix() -> None:
    perfect = measure(("a", "b"), np.arange(2), np.arange(2), form="torch", split="test")
    assert decoded(plot_confusion(perfect)).size


@pytest.mark.parametrize("n", [1, 300])
def test_reliability_is_drawn_for_few_and_many_pictures(n: int) -> None:
    answers = np.random.default_rng(0).dirichlet(np.ones(3), n)
    measured = measure_reliability(answers, np.zeros(n, np.int64))
    assert decoded(plot_reliability(measured)).shape[1] == 880
