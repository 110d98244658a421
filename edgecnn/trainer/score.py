"""What a network answers: logits, loss and accuracy on fitted pictures."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.data.dataset import Pictures
from edgecnn.errors import DeviceError
from edgecnn.trainer.networks import to_input

EVALUATION_BATCH = 500


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
