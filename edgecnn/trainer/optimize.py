"""Optimizer, learning rate schedule, and moving average of the weights."""

import math

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from edgecnn.exhaustive import assert_never
from edgecnn.trainer.recipe import Optimizer, Recipe, Schedule

ONE_CYCLE_START = 0.1
"""First learning rate of a one-cycle schedule, as a share of the highest."""


def make_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimizer; biases and batch norms have no weight decay.

    The fused implementations update all weights in one kernel: noticeably faster for a small
    network on a CPU.

    Source: Kingma and Ba 2015 (Adam); Loshchilov and Hutter 2019 (AdamW); Sutskever et al. 2013
    (Nesterov momentum); no decay of norms and biases: He et al. 2019, "Bag of Tricks".
    """
    groups = _groups(network, recipe.weight_decay)
    rate, epsilon = recipe.learning_rate, recipe.epsilon
    match recipe.optimizer:
        case Optimizer.ADAM:
            return torch.optim.Adam(groups, lr=rate, eps=epsilon, fused=True)
        case Optimizer.ADAMW:
            return torch.optim.AdamW(groups, lr=rate, eps=epsilon, fused=True)
        case Optimizer.SGD:
            return _sgd(groups, recipe)
        case _:
            assert_never(recipe.optimizer)


def _sgd(groups: list[dict[str, object]], recipe: Recipe) -> torch.optim.SGD:
    """Return SGD with momentum buffers of zeros.

    PyTorch's fused step fails if only some parameters have a buffer, as when frozen layers are
    unfrozen.
    """
    # PyTorch refuses Nesterov without momentum.
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
    """Return the learning rate at a point of the run.

    Args:
        recipe: Its schedule and highest learning rate.
        progress: Share of the run that is done, 0 to 1.

    Source: Loshchilov and Hutter 2017, "SGDR" (cosine); Smith and Topin 2018,
    "Super-Convergence" (one cycle).
    """
    match recipe.schedule:
        case Schedule.CONSTANT:
            return recipe.learning_rate
        case Schedule.COSINE:
            return recipe.learning_rate * _cosine(progress)
        case Schedule.ONE_CYCLE if progress < recipe.rise:
            risen = (1 - ONE_CYCLE_START) * progress / recipe.rise
            return recipe.learning_rate * (ONE_CYCLE_START + risen)
        case Schedule.ONE_CYCLE:
            return recipe.learning_rate * _cosine((progress - recipe.rise) / (1 - recipe.rise))
        case _:
            assert_never(recipe.schedule)


def _cosine(progress: float) -> float:
    """Return the falling half of a cosine wave: 1 at 0, 0 at 1 and beyond."""
    return (1 + math.cos(math.pi * min(1.0, progress))) / 2


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def make_average(network: nn.Module, recipe: Recipe) -> AveragedModel | None:
    """Return the recipe's exponential moving average of weights and batch norms, if it has one.

    Source: Polyak and Juditsky 1992; decay per step as in Tarvainen and Valpola 2017.
    """
    if not recipe.average:
        return None
    update = get_ema_multi_avg_fn(recipe.average)  # type: ignore[no-untyped-call]
    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)
