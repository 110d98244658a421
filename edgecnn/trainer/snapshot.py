"""Snapshots: the complete state of an unfinished run in one file, for a bit-exact resume.

Random generators are not part of it: each step seeds them from the recipe and the step's number.
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
    """The figures of one epoch."""

    epoch: int
    """From 1."""
    loss: float
    """Mean training loss."""
    accuracy: float
    """Share of the training pictures labelled correctly, 0 to 1."""
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    """Of the epoch's last step."""


@dataclass(frozen=True)
class TrainingState(Record):
    """The progress of a run: finished epochs, and sums over the epoch in progress."""

    history: tuple[Epoch, ...] = ()
    """One for each finished epoch."""
    step: int = 0
    """Number of finished steps of the epoch in progress."""
    seen: int = 0
    """Pictures trained on in this epoch."""
    correct: float = 0.0
    """Number of them labelled correctly."""
    loss: float = 0.0
    """Sum of the losses of these pictures."""
    seconds: float = 0.0
    """Time of all steps so far."""


@dataclass(frozen=True)
class Snapshot:
    """Recipe, data digest, progress and all tensors of an unfinished run."""

    recipe: Recipe
    dataset_digest: str
    state: TrainingState
    tensors: Mapping[str, Tensor] = field(repr=False)
    """Named `network.*`, `average.*`, `best.*` and `optimizer.<parameter>.*`."""


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Replace the last snapshot atomically; raises DeviceError if it cannot be written."""
    metadata = {
        "recipe": snapshot.recipe.to_json(),
        "dataset_digest": snapshot.dataset_digest,
        "state": snapshot.state.to_json(),
    }
    tensors = {name: t.detach().cpu().contiguous() for name, t in snapshot.tensors.items()}
    write_atomic(path, save(tensors, metadata))


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot; raises DataError if it is broken."""
    tensors, metadata = read_tensors(path)
    try:
        recipe = Recipe.from_json(metadata["recipe"])
        state = TrainingState.from_json(metadata["state"])
        return Snapshot(recipe, metadata["dataset_digest"], state, tensors)
    except (KeyError, SpecError) as error:
        raise broken(path, error) from error


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with `prefix.` added to their names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors named `prefix.*`, with the prefix removed."""
    length = len(prefix) + 1
    return {n[length:]: t for n, t in tensors.items() if n.startswith(f"{prefix}.")}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimizer's state tensors, named `<parameter number>.<name>`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{parameter}.{name}": torch.as_tensor(value)
        for parameter, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Load the state tensors that `optimizer_tensors` returned.

    Fused optimizers need them in the memory format of their parameters, channels last.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        own = parameters[int(number)]
        copied = torch.empty_like(own).copy_(tensor) if tensor.shape == own.shape else tensor
        state.setdefault(int(number), {})[key] = copied.detach()
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
