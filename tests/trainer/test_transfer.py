"""Starting from another run's features: what is taken, what is fresh, what stays frozen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from edgecnn.errors import NotFound, OptionError
from edgecnn.trainer.checkpoint import CHECKPOINT, write_checkpoint
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.progress import Progress
from edgecnn.trainer.recipe import Optimizer, Recipe, Transfer
from edgecnn.trainer.train import make_network, train_on
from edgecnn.trainer.train_network import train_network
from edgecnn.trainer.transfer import head_of, start_from
from trainer.small_runs import CPU, SMALL, Few, few_of, weights_of


@pytest.fixture(scope="module")
def few(digits: Few) -> Few:
    return few_of(digits)


@pytest.fixture(scope="module")
def start(few: Few, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run, with moved norm statistics."""
    folder = tmp_path_factory.mktemp("start")
    _, network = train_on(*few, SMALL, device="cpu")
    write_checkpoint(folder / CHECKPOINT, network, SMALL, few[1])
    return folder


def from_start(start: Path, freeze: int = 0) -> Recipe:
    return replace(SMALL, seed=7, transfer=Transfer(str(start), freeze))


def without_head(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in weights.items() if not name.startswith("dense.")}


def stored(start: Path, few: Few) -> dict[str, Tensor]:
    return weights_of(make_network(from_start(start), few[1]))


def test_features_are_taken_and_the_head_is_fresh(few: Few, start: Path) -> None:
    fresh = weights_of(make_network(replace(SMALL, seed=7), few[1]))
    taken = stored(start, few)
    assert list(taken) == list(fresh)
    for name, tensor in taken.items():
        assert torch.equal(tensor, fresh[name]) == name.startswith("dense."), name


def test_taken_features_are_the_other_runs(few: Few, start: Path) -> None:
    _, network = train_on(*few, SMALL, device="cpu")
    trained = without_head(weights_of(network))
    for name, tensor in without_head(stored(start, few)).items():
        assert torch.equal(tensor, trained[name]), name


@pytest.mark.parametrize("shape", [(28, 28), (20, 36)], ids=str)
def test_other_classes_and_sizes_start_from_the_same_features(
    few: Few, start: Path, shape: tuple[int, int]
) -> None:
    height, width = shape
    spec = replace(few[1], labels=("cat", "dog", "owl"), height=height, width=width)
    network = make_network(from_start(start), spec).eval()
    assert network(torch.zeros(2, 1, height, width)).shape == (2, 3)
    known = without_head(stored(start, few))
    assert all(torch.equal(t, known[n]) for n, t in without_head(weights_of(network)).items())


def test_frozen_epochs_change_the_head_alone(few: Few, start: Path) -> None:
    data, spec = few
    recipe = replace(from_start(start, freeze=2), weight_decay=0.1, epochs=3)
    network = make_network(recipe, spec)
    seen = {0: weights_of(network)}

    def watch(state: Progress) -> None:
        seen[state.epoch] = weights_of(network)

    train_network(network, data, recipe, CPU, watch)
    for epoch in (1, 2):
        for name, tensor in seen[epoch].items():
            unchanged = torch.equal(tensor, seen[epoch - 1][name])
            assert unchanged != name.startswith("dense."), (epoch, name)
    assert not any(torch.equal(t, seen[2][n]) for n, t in seen[3].items())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_without_freezing_everything_learns_from_the_first_step(few: Few, start: Path) -> None:
    data, spec = few
    recipe = replace(from_start(start), epochs=1)
    network = make_network(recipe, spec)
    before = weights_of(network)
    train_network(network, data, recipe, CPU, lambda _: None)
    assert not any(torch.equal(t, before[n]) for n, t in weights_of(network).items())


def test_start_from_takes_over_network_and_input_and_nothing_else(start: Path) -> None:
    recipe = replace(SMALL, data="pictures", seed=5, network=Architecture(), batch=9)
    made = start_from(recipe, str(start))
    assert made == replace(
        recipe, size=28, channels=1, network=SMALL.network, transfer=Transfer(str(start))
    )


def test_a_size_that_was_asked_for_stays(start: Path) -> None:
    assert start_from(replace(SMALL, size=20), str(start)).size == 20


def test_the_article_network_can_change_its_classes_but_not_its_size(
    digits: Few, run_folder: Path
) -> None:
    spec = digits[1]
    recipe = replace(Recipe(), transfer=Transfer(str(run_folder)))
    network = make_network(recipe, replace(spec, labels=("a", "b")))
    assert head_of(network)[0] == "dense2"
    assert head_of(network)[1].out_features == 2
    with pytest.raises(OptionError, match=r"other layers than article .* at 40x40"):
        make_network(recipe, replace(spec, height=40, width=40))


@pytest.mark.parametrize(
    ("network", "channels"),
    [
        pytest.param(replace(SMALL.network, widths=(4, 8)), 1, id="other widths"),
        pytest.param(replace(SMALL.network, depths=(0, 0)), 1, id="fewer blocks"),
        pytest.param(Architecture("resnet8"), 1, id="another network"),
        pytest.param(SMALL.network, 3, id="other channels"),
    ],
)
def test_features_that_do_not_fit_are_refused(
    few: Few, start: Path, network: Architecture, channels: int
) -> None:
    recipe = replace(from_start(start), network=network)
    with pytest.raises(OptionError, match="other layers") as caught:
        make_network(recipe, replace(few[1], channels=channels))
    assert str(start) in caught.value.what
    assert "--from" in caught.value.remedy


def test_a_start_that_is_not_there_is_not_found(few: Few) -> None:
    with pytest.raises(NotFound, match="gone"):
        make_network(replace(SMALL, transfer=Transfer("gone")), few[1])
    with pytest.raises(NotFound, match="gone"):
        start_from(SMALL, "gone")


def test_frozen_features_answer_the_same_after_training(few: Few, start: Path) -> None:
    """What comes before the head is a fixed function, norms included."""
    data, spec = few
    recipe = replace(from_start(start, freeze=1), epochs=1)
    network = make_network(recipe, spec)
    x = torch.tensor(np.asarray(data.test.frames[:8])).permute(0, 3, 1, 2) / 255
    stages = network.get_submodule("stages")
    before = stages.eval()(x)
    train_network(network, data, recipe, CPU, lambda _: None)
    assert torch.equal(stages.eval()(x.contiguous(memory_format=torch.channels_last)), before)


def test_layers_that_were_frozen_learn_with_momentum_too(few: Few, run_folder: Path) -> None:
    recipe = replace(
        start_from(Recipe(data="digits", epochs=2, batch=400), str(run_folder)),
        optimizer=Optimizer.SGD,
        learning_rate=1e-3,
    )
    recipe = replace(recipe, transfer=replace(recipe.transfer, freeze=1))
    report, _ = train_on(*few, recipe, device="cpu")
    assert len(report.history) == 2
