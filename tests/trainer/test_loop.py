"""The training loop: class balance, patience, time budget, moving average, stop and resume."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from edgecnn.errors import CheckFailed, Stopped
from edgecnn.trainer.augment import Augment
from edgecnn.trainer.distributed import ProcessGroup
from edgecnn.trainer.loop import TrainingLoop
from edgecnn.trainer.networks import build
from edgecnn.trainer.optimize import learning_rate
from edgecnn.trainer.progress import LoopOptions, Progress, ignore
from edgecnn.trainer.recipe import Optimizer, Precision, Recipe, Schedule
from edgecnn.trainer.score import logits_of, score
from edgecnn.trainer.snapshot import SNAPSHOT, TrainingState, read_snapshot
from edgecnn.trainer.train import make_network, train_on
from edgecnn.trainer.train_network import train_network
from trainer.small_runs import CPU, SMALL, Few, few_of, press_ctrl_c, same, stopped_run, weights_of

EVERYTHING = replace(
    SMALL,
    optimizer=Optimizer.SGD,
    schedule=Schedule.ONE_CYCLE,
    average=0.9,
    balance=True,
    label_smoothing=0.1,
    patience=9,
    weight_decay=1e-3,
    augment=Augment(shift=0.1, rotate=5.0, noise=3.0),
)


@pytest.fixture(scope="module")
def few(digits: Few) -> Few:
    return few_of(digits)


def fitted(few: Few, recipe: Recipe, **how: object) -> tuple[nn.Module, TrainingState]:
    network = make_network(recipe, few[1])
    return network, train_network(network, few[0], recipe, CPU, ignore, **how)  # type: ignore[arg-type]


class Recorder(nn.Module):
    """A network that keeps the pictures it is trained on."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.batches = network, list[torch.Tensor]()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.batches.append(x.detach().clone())
        logits: torch.Tensor = self.network(x)
        return logits


def learned_labels(few: Few, recipe: Recipe) -> list[int]:
    """Return the labels of the training pictures that a run really learned, in order."""
    data, spec = few
    recorder = Recorder(build(recipe.network, spec.shape, len(spec.labels)))
    train_network(recorder, data, recipe, CPU, ignore)
    frames = np.asarray(data.train.frames)
    label_of = {f.tobytes(): int(x) for f, x in zip(frames, data.train.labels, strict=True)}
    seen = (torch.cat(recorder.batches) * 255).round().byte().permute(0, 2, 3, 1)
    return [label_of[np.ascontiguousarray(frame).tobytes()] for frame in seen.numpy()]


def test_class_balanced_sampling_draws_all_classes_equally_often(few: Few) -> None:
    data, spec = few
    rare = np.flatnonzero(data.train.labels == 3)[:2]
    kept = np.concatenate([rare, np.flatnonzero(data.train.labels != 3)])
    uneven = replace(data, train=data.train.take(kept)), spec
    recipe = replace(SMALL, epochs=10, batch=100)
    plain = Counter(learned_labels(uneven, recipe))
    balanced = Counter(learned_labels(uneven, replace(recipe, balance=True)))
    assert plain[3] == 20
    assert sum(balanced.values()) == sum(plain.values()) == 10 * len(kept)
    even = len(kept)  # of each of 10 classes in 10 epochs
    for label in range(10):
        assert abs(balanced[label] - even) < 5 * even**0.5, label


def test_patience_ends_early_with_the_best_epochs_weights(few: Few) -> None:
    data, spec = few
    recipe = replace(SMALL, epochs=40, patience=2, learning_rate=0.1)
    report, network = train_on(data, spec, recipe, device="cpu")
    scores = [epoch.validation_accuracy for epoch in report.history]
    best = int(np.argmax(scores))
    assert best + 1 < len(scores) < 40
    assert len(scores) == best + 1 + 2
    assert report.ended == "no better validation accuracy for 2 epochs"
    assert score(network, data.validation, CPU)[1] == scores[best]
    epoch = replace(recipe, epochs=best + 1, patience=0)
    assert same(weights_of(network), weights_of(fitted(few, epoch)[0]))


def test_patience_that_never_runs_out_keeps_the_best_epoch_too(few: Few) -> None:
    recipe = replace(SMALL, epochs=5, patience=9, learning_rate=0.1)
    report, network = train_on(*few, recipe, device="cpu")
    best = max(epoch.validation_accuracy for epoch in report.history)
    assert report.ended == "all epochs done"
    assert score(network, few[0].validation, CPU)[1] == best


def test_a_budget_that_is_not_used_up_changes_no_weight(few: Few) -> None:
    recipe = replace(SMALL, schedule=Schedule.COSINE, epochs=1)
    free, _ = fitted(few, recipe)
    limited, _ = fitted(few, recipe, options=LoopOptions(budget_seconds=1e9))
    assert same(weights_of(free), weights_of(limited))


@pytest.mark.parametrize("schedule", Schedule)
def test_the_history_has_the_rate_of_each_epochs_last_step(few: Few, schedule: Schedule) -> None:
    recipe = replace(SMALL, schedule=schedule)
    _, state = fitted(few, recipe)
    steps = 5  # 220 pictures in batches of 50
    expected = [learning_rate(recipe, (e * steps - 1) / (3 * steps)) for e in (1, 2, 3)]
    assert [epoch.learning_rate for epoch in state.history] == pytest.approx(expected)


def test_the_average_is_what_ends_up_in_the_network(few: Few) -> None:
    """With a decay near 1 the average stays at the first step's weights, while the network goes."""
    data = few[0]
    still = replace(SMALL, average=1 - 1e-9)
    one_step = replace(SMALL, epochs=1, batch=len(data.train))
    network, state = fitted(few, replace(still, batch=len(data.train)))
    first, _ = fitted(few, one_step)
    for name, tensor in weights_of(network).items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, first.state_dict()[name], msg=name)
    loss = score(network, data.validation, CPU)[0]
    assert state.history[-1].validation_loss == loss


def test_the_average_changes_the_result(few: Few) -> None:
    plain, _ = fitted(few, SMALL)
    average, _ = fitted(few, replace(SMALL, average=0.9))
    assert not same(weights_of(plain), weights_of(average))


@pytest.mark.parametrize(
    "change",
    [
        {"augment": Augment(rotate=10.0)},
        {"label_smoothing": 0.2},
        {"weight_decay": 0.1},
        {"optimizer": Optimizer.ADAMW, "weight_decay": 0.1},
        {"schedule": Schedule.COSINE},
        {"precision": Precision.BF16},
        {"balance": True},
    ],
    ids=str,
)
def test_every_number_of_the_recipe_is_obeyed(few: Few, change: dict[str, object]) -> None:
    recipe = replace(SMALL, epochs=1)
    plain, _ = fitted(few, recipe)
    other, _ = fitted(few, replace(recipe, **change))  # type: ignore[arg-type]
    assert not same(weights_of(plain), weights_of(other))


@pytest.mark.parametrize("optimizer", Optimizer)
@pytest.mark.parametrize("step", [2, 5], ids=["mid-epoch", "after the last step"])
def test_a_stopped_run_goes_on_to_the_same_bits_as_an_unbroken_one(
    few: Few, tmp_path: Path, step: int, optimizer: Optimizer
) -> None:
    data, spec = few
    recipe = replace(EVERYTHING, optimizer=optimizer)
    unbroken, state = fitted(few, recipe)
    options = LoopOptions(tmp_path / SNAPSHOT)
    network = make_network(recipe, spec)
    with pytest.raises(Stopped, match=f"epoch 2 after step {step} of 5") as caught:
        train_network(network, data, recipe, CPU, press_ctrl_c(2, step), options=options)
    assert str(options.snapshot) in caught.value.what
    assert "--resume" in caught.value.remedy
    resumed, found = fitted(few, recipe, unfinished=read_snapshot(tmp_path / SNAPSHOT))
    assert same(weights_of(unbroken), weights_of(resumed))
    assert found.history == state.history


@pytest.mark.parametrize(("rank", "counted"), [(0, True), (1, False)])
def test_the_counts_of_an_unfinished_epoch_are_those_of_the_leader(
    few: Few, tmp_path: Path, rank: int, counted: bool
) -> None:
    data, spec = few
    snapshot = read_snapshot(stopped_run(tmp_path) / SNAPSHOT)
    loop = TrainingLoop(
        make_network(SMALL, spec), data, SMALL, CPU, None, ProcessGroup(rank, 2), LoopOptions()
    )
    loop.restore(snapshot)
    assert (loop.state.seen > 0, loop.state.loss > 0) == (counted, counted)
    assert loop.state.step == snapshot.state.step == 1


def test_a_loss_that_is_no_number_keeps_the_last_snapshot_and_names_it(
    few: Few, tmp_path: Path
) -> None:
    data, spec = few
    network = make_network(SMALL, spec)

    def ruin(state: Progress) -> None:
        if (state.epoch, state.step) == (3, 1):
            with torch.no_grad():
                next(network.parameters()).fill_(float("nan"))

    options = LoopOptions(tmp_path / SNAPSHOT)
    with pytest.raises(CheckFailed, match="loss is nan in epoch 3, step 2") as caught:
        train_network(network, data, SMALL, CPU, ruin, options=options)
    assert f"the last good epoch is kept in {options.snapshot}" in caught.value.what
    kept = read_snapshot(tmp_path / SNAPSHOT)
    assert len(kept.state.history) == 2
    assert all(bool(t.isfinite().all()) for t in kept.tensors.values())


def test_precision_is_of_the_multiplications_only(few: Few) -> None:
    network, _ = fitted(few, replace(SMALL, epochs=1, precision=Precision.BF16))
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert bool(logits_of(network, few[0].test, CPU).isfinite().all())
