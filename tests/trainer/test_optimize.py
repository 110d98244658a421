"""The optimizer's groups, the schedules at points computed by hand, the moving average."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from edgecnn.trainer.networks import Architecture, build
from edgecnn.trainer.optimize import learning_rate, make_average, make_optimizer, set_rate
from edgecnn.trainer.recipe import Optimizer, Recipe, Schedule

EDGE = Architecture("edge", widths=(4, 6), depths=(1, 0))


def fresh(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return build(EDGE, (8, 8, 1), 3)


def learn(network: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 3) -> None:
    random = torch.Generator().manual_seed(1)
    for _ in range(steps):
        x = torch.rand(6, 1, 8, 8, generator=random)
        optimizer.zero_grad()
        network(x).square().sum().backward()
        optimizer.step()


def weights(network: nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in network.parameters()]


@pytest.mark.parametrize(
    ("schedule", "progress", "share"),
    [
        (Schedule.CONSTANT, 0.0, 1.0),
        (Schedule.CONSTANT, 0.5, 1.0),
        (Schedule.CONSTANT, 1.0, 1.0),
        (Schedule.COSINE, 0.0, 1.0),
        (Schedule.COSINE, 1 / 3, 0.75),
        (Schedule.COSINE, 0.5, 0.5),
        (Schedule.COSINE, 1.0, 0.0),
        (Schedule.ONE_CYCLE, 0.0, 0.1),
        (Schedule.ONE_CYCLE, 0.125, 0.55),
        (Schedule.ONE_CYCLE, 0.25, 1.0),
        (Schedule.ONE_CYCLE, 0.5, 0.75),
        (Schedule.ONE_CYCLE, 1.0, 0.0),
    ],
)
def test_a_schedule_has_the_rate_computed_by_hand(
    schedule: Schedule, progress: float, share: float
) -> None:
    recipe = Recipe(learning_rate=0.4, schedule=schedule, rise=0.25)
    assert learning_rate(recipe, progress) == pytest.approx(0.4 * share, abs=1e-12)


def test_one_cycle_without_a_rise_is_a_cosine() -> None:
    recipe = Recipe(schedule=Schedule.ONE_CYCLE, rise=0.0)
    cosine = replace(recipe, schedule=Schedule.COSINE)
    for progress in (0.0, 0.3, 1.0):
        assert learning_rate(recipe, progress) == learning_rate(cosine, progress)


def test_a_schedule_never_jumps() -> None:
    recipe = Recipe(learning_rate=1.0, schedule=Schedule.ONE_CYCLE, rise=0.3)
    rates = [learning_rate(recipe, i / 1000) for i in range(1001)]
    assert max(abs(a - b) for a, b in itertools.pairwise(rates)) < 0.004


def test_weights_decay_and_norms_and_biases_do_not() -> None:
    network = fresh()
    optimizer = make_optimizer(network, Recipe(weight_decay=0.03))
    decay = {p: g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    assert len(decay) == len(list(network.parameters()))
    for name, parameter in network.named_parameters():
        owner = network.get_submodule(name.rpartition(".")[0])
        spared = isinstance(owner, nn.BatchNorm2d) or name.endswith("bias")
        assert decay[parameter] == (0.0 if spared else 0.03), name


@pytest.mark.parametrize("optimizer", Optimizer)
def test_decay_alone_shrinks_weights_and_leaves_the_rest(optimizer: Optimizer) -> None:
    network = fresh()
    recipe = Recipe(optimizer=optimizer, learning_rate=0.1, weight_decay=0.2)
    rule, before = make_optimizer(network, recipe), weights(network)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    rule.step()
    for old, new in zip(before, weights(network), strict=True):
        if old.ndim == 1:
            assert torch.equal(old, new)
        else:
            assert new.abs().sum() < old.abs().sum()


def test_adam_without_decay_is_torchs_own() -> None:
    network, twin = fresh(), fresh()
    learn(network, make_optimizer(network, Recipe(learning_rate=0.01, epsilon=1e-6)))
    learn(twin, torch.optim.Adam(twin.parameters(), lr=0.01, eps=1e-6))
    for own, torchs in zip(weights(network), weights(twin), strict=True):
        torch.testing.assert_close(own, torchs, rtol=1e-5, atol=1e-6)


def test_adamw_decays_as_its_paper_says() -> None:
    network, twin = fresh(), fresh()
    recipe = Recipe(optimizer=Optimizer.ADAMW, learning_rate=0.01, epsilon=1e-6, weight_decay=0.5)
    learn(network, make_optimizer(network, recipe), steps=1)
    learn(twin, torch.optim.Adam(twin.parameters(), lr=0.01, eps=1e-6), steps=1)
    for own, plain, start in zip(weights(network), weights(twin), weights(fresh()), strict=True):
        decayed = plain - 0.01 * 0.5 * start if start.ndim > 1 else plain
        torch.testing.assert_close(own, decayed, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_has_nesterovs_momentum(momentum: float) -> None:
    line = nn.Linear(2, 1, bias=False)
    recipe = Recipe(optimizer=Optimizer.SGD, learning_rate=0.1, momentum=momentum)
    rule, start = make_optimizer(line, recipe), line.weight.detach().clone()
    speed, expected = torch.zeros(1, 2), start
    for gradient in (torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 3.0]])):
        line.weight.grad = gradient
        rule.step()
        # Sutskever et al. 2013 as torch writes it: the first velocity is the gradient.
        speed = momentum * speed + gradient
        expected = expected - 0.1 * (gradient + momentum * speed)
        torch.testing.assert_close(line.weight.detach(), expected)


def test_set_rate_changes_the_next_step_of_every_group() -> None:
    network = fresh()
    rule, before = make_optimizer(network, Recipe()), weights(network)
    set_rate(rule, 0.0)
    learn(network, rule)
    assert all(torch.equal(a, b) for a, b in zip(before, weights(network), strict=True))
    assert {group["lr"] for group in rule.param_groups} == {0.0}


def test_without_a_decay_there_is_no_average() -> None:
    assert make_average(fresh(), Recipe()) is None


def test_the_average_is_the_one_computed_by_hand() -> None:
    network = nn.BatchNorm2d(1)
    average = make_average(network, Recipe(average=0.75))
    assert average is not None
    expected = math.nan
    for value in (4.0, 8.0, 2.0):
        with torch.no_grad():
            network.weight.fill_(value)
            assert network.running_mean is not None
            network.running_mean.fill_(-value)
        average.update_parameters(network)
        expected = value if math.isnan(expected) else 0.75 * expected + 0.25 * value
    # 4, then 0.75 * 4 + 0.25 * 8 = 5, then 0.75 * 5 + 0.25 * 2 = 4.25
    assert expected == 4.25
    averaged = average.module.state_dict()
    assert (float(averaged["weight"]), float(averaged["running_mean"])) == (4.25, -4.25)
