"""A few real digits, a small network with batch norm, and what tests compare of runs."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from edgecnn.data.dataset import Dataset
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.recipe import Recipe

CPU = torch.device("cpu")
SMALL = Recipe(
    data="digits",
    epochs=3,
    batch=50,
    learning_rate=5e-3,
    network=Architecture("edge", widths=(4, 6), depths=(1, 0), stride=4),
)
Few = tuple[Dataset, ModelSpec]


def few_of(digits: Few) -> Few:
    """Return 220 training, 60 validation and 60 test digits."""
    data, spec = digits
    parts = {"train": 220, "validation": 60, "test": 60}
    taken = {name: getattr(data, name).take(np.arange(n)) for name, n in parts.items()}
    return replace(data, **taken), spec


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a)
