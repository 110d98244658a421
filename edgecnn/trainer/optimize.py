"""The optimizer, its learning rate over the run, and the weights' moving average."""

import math

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from edgecnn.trainer.recipe import Optimizer, Recipe, Schedule

ONE_CYCLE_START = 0.1
"""Of the highest rate, where a one-cycle schedule begins."""


def make_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimizer; biases and norms are not decayed.

    Fused: one kernel moves all weights, which a small network on a CPU feels.

    Source: Kingma and Ba 2015 (Adam); Loshchilov and Hutter 2019 (AdamW); Sutskever et al. 2013
    (Nesterov momentum); no decay of norms and biases: He et al. 2019, "Bag of Tricks".
    """
    groups = _groups(network, recipe.weight_decay)
    rate, epsilon = recipe.learning_rate, recipe.epsilon
    if recipe.optimizer is Optimizer.SGD:
        return _sgd(groups, recipe)
    kind = torch.optim.Adam if recipe.optimizer is Optimizer.ADAM else torch.optim.AdamW
    return kind(groups, lr=rate, eps=epsilon, fused=True)


def _sgd(groups: list[dict[str, object]], recipe: Recipe) -> torch.optim.SGD:
    """Return SGD whose momentum begins at zero: torch's fused step cannot mix none with some.

    It would have to when layers that were frozen begin to learn.
    """
    # torch refuses Nesterov without momentum.
    momentum, nesterov = recipe.momentum, recipe.momentum > 0
    optimizer = torch.optim.SGD(
        groups, lr=recipe.learning_rate, momentum=momentum, nesterov=nesterov, fused=True
    )
    if momentum:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def learning_rate(recipe: Recipe, progress: float) -> float:
    """Return the rate at a point of the run, 0 to 1.

    Source: Loshchilov and Hutter 2017, "SGDR" (cosine); Smith and Topin 2018,
    "Super-Convergence" (one cycle).
    """
    if recipe.schedule is Schedule.CONSTANT:
        return recipe.learning_rate
    rise = recipe.rise if recipe.schedule is Schedule.ONE_CYCLE else 0.0
    if progress < rise:
        share = ONE_CYCLE_START + (1 - ONE_CYCLE_START) * progress / rise
    else:
        share = (1 + math.cos(math.pi * min(1.0, (progress - rise) / (1 - rise)))) / 2
    return recipe.learning_rate * share


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step use this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def make_average(network: nn.Module, recipe: Recipe) -> AveragedModel | None:
    """Return the exponential moving average of weights and norms, if the recipe wants one.

    Source: Polyak and Juditsky 1992; decay a step as in Tarvainen and Valpola 2017.
    """
    if not recipe.average:
        return None
    blend = get_ema_multi_avg_fn(recipe.average)  # type: ignore[no-untyped-call]
    return AveragedModel(network, multi_avg_fn=blend, use_buffers=True)
