"""A run that is not finished yet, as one file: all that it takes to go on as if nothing happened.

Random numbers need no place in it: each is drawn from the seed and the number of the step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from edgecnn.atomic import write_atomic
from edgecnn.errors import SpecError
from edgecnn.records import Record
from edgecnn.trainer.checkpoint import broken, read_tensors
from edgecnn.trainer.recipe import Recipe

SNAPSHOT = "unfinished.safetensors"


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    """Of its last step."""


@dataclass(frozen=True)
class TrainingState(Record):
    """How far a run has come."""

    history: tuple[Epoch, ...] = ()
    """Of the epochs that are done."""
    step: int = 0
    """Steps done of the epoch that is not."""
    seen: int = 0
    """Pictures of that epoch so far."""
    correct: float = 0.0
    """How many of them were labelled correctly."""
    loss: float = 0.0
    """Sum of their losses."""
    seconds: float = 0.0
    """Time of all steps."""


@dataclass(frozen=True)
class Snapshot:
    """A run's recipe and data, how far it has come, and every tensor it needs."""

    recipe: Recipe
    dataset_digest: str
    state: TrainingState
    tensors: Mapping[str, Tensor] = field(repr=False)
    """Named `network.*`, `average.*`, `best.*` and `optimizer.<parameter>.*`."""


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot over the last one, whole or not at all; raises DeviceError."""
    metadata = {
        "recipe": snapshot.recipe.to_json(),
        "dataset_digest": snapshot.dataset_digest,
        "state": snapshot.state.to_json(),
    }
    tensors = {name: t.detach().cpu().contiguous() for name, t in snapshot.tensors.items()}
    write_atomic(path, save(tensors, metadata))


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot; raises DataError if it is broken."""
    tensors, texts = read_tensors(path)
    try:
        recipe, state = Recipe.from_json(texts["recipe"]), TrainingState.from_json(texts["state"])
        return Snapshot(recipe, texts["dataset_digest"], state, tensors)
    except (KeyError, SpecError) as error:
        raise broken(path, error) from error


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with `prefix.` before their names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors named `prefix.*`, without the prefix."""
    length = len(prefix) + 1
    return {n[length:]: t for n, t in tensors.items() if n.startswith(f"{prefix}.")}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimizer's memory of each parameter, named `<parameter>.<what>`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{parameter}.{name}": torch.as_tensor(value)
        for parameter, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer the memory that `optimizer_tensors` returned.

    Fused optimizers want it laid out as the parameter is, channels last.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, what = name.partition(".")
        own = parameters[int(number)]
        laid_out = torch.empty_like(own).copy_(tensor) if tensor.shape == own.shape else tensor
        state.setdefault(int(number), {})[what] = laid_out.detach()
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
