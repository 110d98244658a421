"""A few real digits, a small network with batch norm, and what tests compare of runs."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edgecnn.data.dataset import Dataset
from edgecnn.errors import Stopped
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.progress import OnProgress, Progress
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.train import train

CPU = torch.device("cpu")
SMALL = Recipe(
    data="digits",
    epochs=3,
    batch=50,
    learning_rate=5e-3,
    network=Architecture("edge", widths=(4, 6), depths=(1, 0), stride=4),
)
TINY = ("--data", "digits", "--network", "edge", "--widths", "4", "--stride", "4",
        "--set", "network.depths=[1]", "--train-size", "300", "--device", "cpu")  # fmt: skip
"""The words of a small run for `edgecnn train`."""

Few = tuple[Dataset, ModelSpec]


def few_of(digits: Few) -> Few:
    """Return 220 training, 60 validation and 60 test digits."""
    data, spec = digits
    counts = {"train": 220, "validation": 60, "test": 60}
    train, validation, test = (data.part(name).take(np.arange(n)) for name, n in counts.items())
    return replace(data, train=train, validation=validation, test=test), spec


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a)


def press_ctrl_c(epoch: int, step: int) -> OnProgress:
    """Return a callback that sends SIGINT to this process after a step."""

    def watch(state: Progress) -> None:
        if (state.epoch, state.step) == (epoch, step):
            os.kill(os.getpid(), signal.SIGINT)

    return watch


def stopped_run(folder: Path, recipe: Recipe = SMALL) -> Path:
    """Interrupt a run in its second epoch; its snapshot is in the folder."""
    with pytest.raises(Stopped):
        train(recipe, folder, device="cpu", on_progress=press_ctrl_c(2, 1))
    return folder
