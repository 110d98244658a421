"""The training loop, on a few real digits and a small network."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from edgecnn.data.dataset import Dataset
from edgecnn.errors import CheckFailed
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build, to_input
from edgecnn.trainer.progress import Progress, ignore
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import TrainReport
from edgecnn.trainer.score import logits_of, score
from edgecnn.trainer.train import train_on
from edgecnn.trainer.train_network import train_network

TINY = Recipe(
    data="digits",
    epochs=3,
    batch=50,
    learning_rate=5e-3,
    network=Architecture(widths=(4, 6, 8), dense=12),
)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def few(digits: tuple[Dataset, ModelSpec]) -> tuple[Dataset, ModelSpec]:
    """320 training, 90 validation and 90 test digits."""
    data, spec = digits
    parts = {"train": 320, "validation": 90, "test": 90}
    taken = {name: getattr(data, name).take(np.arange(n)) for name, n in parts.items()}
    return replace(data, **taken), spec


def trained(
    few: tuple[Dataset, ModelSpec], recipe: Recipe = TINY
) -> tuple[TrainReport, dict[str, torch.Tensor]]:
    report, network = train_on(*few, recipe, device="cpu")
    return report, network.state_dict()


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_bit_identical_weights(few: tuple[Dataset, ModelSpec]) -> None:
    first, weights = trained(few)
    torch.rand(7)  # other use of torch's generator in between
    second, again = trained(few)
    assert same(weights, again)
    assert first.history == second.history
    assert first.test == second.test


def test_another_seed_gives_other_weights(few: tuple[Dataset, ModelSpec]) -> None:
    recipe = replace(TINY, epochs=1)
    _, weights = trained(few, recipe)
    _, others = trained(few, replace(recipe, seed=1))
    assert not any(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize(
    "change",
    [{"batch": 64}, {"learning_rate": 1e-3}, {"epsilon": 1e-2}, {"epochs": 2}],
    ids=lambda change: next(iter(change)),
)
def test_every_number_of_the_recipe_is_obeyed(
    change: dict[str, float], few: tuple[Dataset, ModelSpec]
) -> None:
    recipe = replace(TINY, epochs=1)
    _, weights = trained(few, recipe)
    _, others = trained(few, replace(recipe, **change))  # type: ignore[arg-type]
    assert not same(weights, others)


def test_one_step_is_adams_own(few: tuple[Dataset, ModelSpec]) -> None:
    data, spec = few
    recipe = replace(TINY, epochs=1, batch=len(data.train))
    torch.manual_seed(0)
    network = build(recipe.network, spec.shape, 10)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    inputs = torch.tensor(np.asarray(data.train.frames)).permute(0, 3, 1, 2) / 255.0
    F.cross_entropy(network(inputs), torch.tensor(data.train.labels)).backward()  # type: ignore[no-untyped-call]
    gradients = {name: p.grad for name, p in network.named_parameters()}
    train_network(network, data, recipe, CPU, ignore)
    for name, after in network.state_dict().items():
        gradient = gradients[name]
        assert gradient is not None
        # Kingma and Ba 2015, algorithm 1, with t = 1: both corrected moments are the gradient's.
        step = recipe.learning_rate * gradient / (gradient.abs() + recipe.epsilon)
        torch.testing.assert_close(after, before[name] - step, rtol=0, atol=3e-4)
        assert not torch.equal(after, before[name])


def test_loss_falls_and_accuracy_rises_on_digits(few: tuple[Dataset, ModelSpec]) -> None:
    report, _ = trained(few, replace(TINY, epochs=6))
    first, last = report.history[0], report.history[-1]
    assert last.loss < 0.7 * first.loss
    assert last.validation_loss < 0.7 * first.validation_loss
    assert last.accuracy > first.accuracy
    assert last.validation_accuracy > 0.4


def test_watch_sees_every_step_of_every_epoch(few: tuple[Dataset, ModelSpec]) -> None:
    seen: list[Progress] = []
    report, _ = train_on(*few, TINY, device="cpu", on_progress=seen.append)
    steps = math.ceil(320 / 50)
    wanted = list(itertools.product(range(1, 4), range(1, steps + 1)))
    assert [(state.epoch, state.step) for state in seen] == wanted
    assert {(state.epochs, state.steps) for state in seen} == {(3, steps)}
    ends = [state for state in seen if state.step == steps]
    assert [(e.loss, e.accuracy) for e in report.history] == [(e.loss, e.accuracy) for e in ends]


class Recorder(nn.Module):
    """A network that keeps what it is trained on."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.batches = network, list[torch.Tensor]()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.batches.append(x.detach())
        logits: torch.Tensor = self.network(x)
        return logits


def test_every_epoch_learns_every_training_picture_once_in_another_order(
    few: tuple[Dataset, ModelSpec],
) -> None:
    data, spec = few
    recorder = Recorder(build(TINY.network, spec.shape, 10))
    train_network(recorder, data, replace(TINY, epochs=2, batch=150), CPU, ignore)
    assert [len(batch) for batch in recorder.batches] == [150, 150, 20] * 2
    epochs = [torch.cat(recorder.batches[i : i + 3]) for i in (0, 3)]
    own = to_input(torch.tensor(np.asarray(data.train.frames)))
    for epoch in epochs:
        assert sorted(epoch.sum((1, 2, 3)).tolist()) == sorted(own.sum((1, 2, 3)).tolist())
    assert not torch.equal(epochs[0], epochs[1])


def test_the_seed_shuffles_the_pictures_too(few: tuple[Dataset, ModelSpec]) -> None:
    data, spec = few
    recorder = Recorder(build(TINY.network, spec.shape, 10))
    for seed in (0, 1, 0):
        train_network(recorder, data, replace(TINY, epochs=1, batch=320, seed=seed), CPU, ignore)
    first, other, again = recorder.batches
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_history_scores_the_validation_part(few: tuple[Dataset, ModelSpec]) -> None:
    data, spec = few
    torch.manual_seed(0)
    network = build(TINY.network, spec.shape, 10)
    state = train_network(network, data, TINY, CPU, ignore)
    last = state.history[-1]
    expected = (last.validation_loss, last.validation_accuracy)
    assert score(network, data.validation, CPU) == expected


def test_the_report_measures_the_test_part(few: tuple[Dataset, ModelSpec]) -> None:
    data, _ = few
    report, network = train_on(*few, TINY, device="cpu")
    answers = logits_of(network, data.test, CPU).argmax(1).numpy()
    assert report.test.accuracy.correct == int((answers == data.test.labels).sum())
    assert report.test.accuracy.split == "test"
    assert report.pictures == {"train": 320, "validation": 90, "test": 90}
    assert report.dataset_digest == data.digest


def test_the_validation_and_test_parts_do_not_change_the_weights(
    few: tuple[Dataset, ModelSpec],
) -> None:
    data, spec = few
    other = replace(data, validation=data.test, test=data.validation)
    assert same(trained((data, spec))[1], trained((other, spec))[1])


def test_a_loss_that_is_no_number_stops_with_epoch_and_step(
    few: tuple[Dataset, ModelSpec],
) -> None:
    with pytest.raises(CheckFailed, match=r"the loss is (nan|inf) in epoch 1, step 2") as caught:
        trained(few, replace(TINY, learning_rate=1e30))
    assert "smaller learning rate" in caught.value.remedy


def test_weights_ruined_by_the_last_step_are_noticed(few: tuple[Dataset, ModelSpec]) -> None:
    with pytest.raises(CheckFailed, match="validation loss is nan after epoch 1"):
        trained(few, replace(TINY, learning_rate=1e30, batch=320, epochs=1))
