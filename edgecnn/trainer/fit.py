"""The training loop."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.errors import CheckFailed, DeviceError
from edgecnn.trainer.dataset import Dataset, Pictures
from edgecnn.trainer.memory import keep_freed_memory
from edgecnn.trainer.networks import to_input
from edgecnn.trainer.recipe import Recipe

EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Progress:
    """Where training stands after one step."""

    epoch: int
    """From 1."""
    epochs: int
    step: int
    """From 1, within the epoch."""
    steps: int
    loss: float
    """Mean cross-entropy of the epoch so far."""
    accuracy: float
    """Share of the epoch's pictures labelled correctly so far, 0 to 1."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float


Watch = Callable[[Progress], None]


def choose_device(name: str) -> torch.device:
    """Return the torch device of auto, cpu, cuda or mps; raises DeviceError if it is not there."""
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if not there.get(name):
        usable = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise DeviceError(f"torch has no device {name!r} here", remedy=f"use auto, or: {usable}")
    return torch.device(name)


def fit(
    network: nn.Module, data: Dataset, recipe: Recipe, device: torch.device, watch: Watch
) -> list[Epoch]:
    """Train a network in place; the validation part is only looked at.

    Args:
        network: From `build`; left on `device`.
        data: Its training part is learned, its validation part scored after each epoch.
        recipe: Epochs, batch size, learning rate, epsilon, seed.
        device: Where to compute.
        watch: Called after each step.

    Raises:
        CheckFailed: The loss is not a number.
    """
    keep_freed_memory()
    # Frames come as (n, h, w, c), so their (n, c, h, w) view is channels-last already.
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(
        network.parameters(), lr=recipe.learning_rate, eps=recipe.epsilon, fused=True
    )
    frames, labels = tensors(data.train, device)
    order = torch.Generator().manual_seed(recipe.seed)
    history = []
    for epoch in range(1, recipe.epochs + 1):
        network.train()
        batches = torch.randperm(len(labels), generator=order).to(device).split(recipe.batch)  # type: ignore[no-untyped-call]
        seen = correct = 0
        total = 0.0
        for step, batch in enumerate(batches, start=1):
            loss, hits = _step(network, optimizer, frames[batch], labels[batch])
            seen, correct, total = seen + len(batch), correct + hits, total + loss * len(batch)
            _check(loss, "loss", f"in epoch {epoch}, step {step}")
            state = Progress(epoch, recipe.epochs, step, len(batches), total / seen, correct / seen)
            watch(state)
        validation = score(network, data.validation, device)
        _check(validation[0], "validation loss", f"after epoch {epoch}")
        history.append(Epoch(epoch, total / seen, correct / seen, *validation))
    return history


def _step(
    network: nn.Module, optimizer: torch.optim.Optimizer, frames: Tensor, labels: Tensor
) -> tuple[float, int]:
    """Learn one batch; return its mean loss and how many it labelled correctly."""
    logits = network(to_input(frames))  # (n, classes)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach()), int((logits.argmax(1) == labels).sum())


def _check(loss: float, name: str, where: str) -> None:
    if not math.isfinite(loss):
        raise CheckFailed(f"the {name} is {loss} {where}", remedy="use a smaller learning rate")


def tensors(pictures: Pictures, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return (n, h, w, c) uint8 frames and (n,) int64 labels on the device."""
    return (
        torch.tensor(pictures.frames, device=device),
        torch.tensor(pictures.labels, device=device),
    )


@torch.inference_mode()
def logits_of(network: nn.Module, pictures: Pictures, device: torch.device) -> Tensor:
    """Return the (n, classes) logits of fitted pictures, on the CPU."""
    network.eval()
    return torch.cat([network(to_input(batch)).cpu() for batch in _batches(pictures, device)])


def _batches(pictures: Pictures, device: torch.device) -> Iterator[Tensor]:
    for start in range(0, len(pictures), EVALUATION_BATCH):
        yield torch.tensor(pictures.frames[start : start + EVALUATION_BATCH], device=device)


def score(network: nn.Module, pictures: Pictures, device: torch.device) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy, 0 to 1, on fitted pictures."""
    logits = logits_of(network, pictures, device)
    labels = torch.as_tensor(pictures.labels)
    correct = (logits.argmax(1) == labels).float().mean()
    return float(F.cross_entropy(logits, labels)), float(correct)
