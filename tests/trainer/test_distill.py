"""Distillation: the loss computed by hand, batch norms folded, and students that follow."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from edgecnn.errors import NotFound, OptionError
from edgecnn.trainer.checkpoint import CHECKPOINT, write_checkpoint
from edgecnn.trainer.distill import Teacher, fold_batch_norms, make_teacher
from edgecnn.trainer.networks import Architecture, build
from edgecnn.trainer.recipe import Distill
from edgecnn.trainer.score import logits_of
from edgecnn.trainer.train import train_on
from trainer.small_runs import CPU, SMALL, Few, few_of, same, weights_of


@pytest.fixture(scope="module")
def few(digits: Few) -> Few:
    return few_of(digits)


@pytest.fixture(scope="module")
def taught(few: Few, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small teacher that has not learned the labels well."""
    folder = tmp_path_factory.mktemp("teacher")
    recipe = replace(SMALL, seed=3)
    _, network = train_on(*few, recipe, device="cpu")
    write_checkpoint(folder / CHECKPOINT, network, recipe, few[1])
    return folder


def divergence(own: list[float], theirs: list[float], heat: float) -> float:
    """Return the sum of p log(p / q) of two softened rows of logits, times heat squared."""
    q, p = (np.exp(np.array(row) / heat) for row in (own, theirs))
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum() * heat**2)


@pytest.mark.parametrize("heat", [1.0, 2.0, 5.0])
def test_the_loss_is_the_divergence_computed_by_hand(heat: float) -> None:
    own = [[1.0, 2.0, -1.0], [0.0, 0.5, 0.0]]
    theirs = [[3.0, -2.0, 0.0], [1.0, 1.0, 4.0]]
    loss = Teacher(nn.Identity(), heat, 0.5).loss(torch.tensor(own), torch.tensor(theirs))
    rows = [divergence(a, b, heat) for a, b in zip(own, theirs, strict=True)]
    assert float(loss) == pytest.approx(sum(rows) / 2, rel=1e-5)


def test_a_student_that_answers_like_its_teacher_has_no_loss() -> None:
    rows = torch.tensor([[1.0, 2.0, 3.0]])
    assert float(Teacher(nn.Identity(), 3.0, 1.0).loss(rows, rows)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["edge", "resnet8", "article"])
def test_a_folded_network_answers_the_same(name: str) -> None:
    numbers = Architecture(name, widths=(4, 6, 8), depths=(1, 0, 1))
    torch.manual_seed(0)
    network = build(numbers, (28, 28, 1), 5)
    for _ in range(3):
        network(torch.rand(16, 1, 28, 28))  # moves the statistics of the norms
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    x = torch.rand(4, 1, 28, 28)
    with torch.no_grad():
        expected = network.eval()(x)
        found = fold_batch_norms(network)(x)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_recipe_without_a_teacher_has_none(few: Few) -> None:
    assert make_teacher(SMALL, few[1], CPU) is None


def test_a_teacher_is_read_with_its_numbers(few: Few, taught: Path) -> None:
    recipe = replace(SMALL, distill=Distill(str(taught), 0.25, 7.0))
    teacher = make_teacher(recipe, few[1], CPU)
    assert teacher is not None
    assert (teacher.weight, teacher.temperature) == (0.25, 7.0)
    assert not teacher.logits(torch.zeros(1, 1, 28, 28)).requires_grad


def test_a_teacher_with_no_weight_changes_nothing(few: Few, taught: Path) -> None:
    _, plain = train_on(*few, SMALL, device="cpu")
    recipe = replace(SMALL, distill=Distill(str(taught), 0.0))
    _, student = train_on(*few, recipe, device="cpu")
    assert same(weights_of(plain), weights_of(student))


def test_a_student_follows_its_teacher_more_closely_than_the_labels_would_make_it(
    few: Few, taught: Path
) -> None:
    data, spec = few
    recipe = replace(SMALL, epochs=12, distill=Distill(str(taught), 1.0, 2.0))
    teacher = make_teacher(recipe, spec, CPU)
    assert teacher is not None
    theirs = logits_of(teacher.network, data.validation, CPU)
    agreement, distance = [], []
    for made in (recipe, replace(recipe, distill=Distill())):
        _, network = train_on(data, spec, made, device="cpu")
        own = logits_of(network, data.validation, CPU)
        agreement.append(float((own.argmax(1) == theirs.argmax(1)).float().mean()))
        distance.append(float(teacher.loss(own, theirs)))
    assert agreement[0] > agreement[1] + 0.05
    assert distance[0] < distance[1] / 2


@pytest.mark.parametrize(
    "change",
    [{"labels": ("a", "b")}, {"labels": tuple("9876543210")}, {"height": 20}, {"channels": 3}],
    ids=str,
)
def test_a_teacher_of_other_classes_or_another_input_is_refused(
    few: Few, taught: Path, change: dict[str, object]
) -> None:
    recipe = replace(SMALL, distill=Distill(str(taught)))
    with pytest.raises(OptionError, match="the student") as caught:
        make_teacher(recipe, replace(few[1], **change), CPU)  # type: ignore[arg-type]
    assert str(taught) in caught.value.what
    assert "same data set" in caught.value.remedy


def test_a_teacher_that_is_not_there_is_not_found(few: Few) -> None:
    with pytest.raises(NotFound, match="gone"):
        make_teacher(replace(SMALL, distill=Distill("gone")), few[1], CPU)
