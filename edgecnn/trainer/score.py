"""Logits, loss and accuracy of a network on fitted pictures."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.data.dataset import Pictures
from edgecnn.errors import DeviceError
from edgecnn.trainer.networks import to_input

EVALUATION_BATCH = 500
"""Pictures per forward pass."""


def choose_device(name: str) -> torch.device:
    """Return the PyTorch device auto, cpu, cuda or mps; raises DeviceError if it is missing."""
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if available[kind])
    if not available.get(name):
        usable = ", ".join(kind for kind, is_usable in available.items() if is_usable)
        raise DeviceError(
            f"PyTorch has no device {name!r} on this machine", remedy=f"use auto, or: {usable}"
        )
    return torch.device(name)


def tensors(pictures: Pictures, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return (n, h, w, c) uint8 frames and (n,) int64 labels as tensors on the device."""
    return (
        torch.tensor(pictures.frames, device=device),
        torch.tensor(pictures.labels, device=device),
    )


@torch.inference_mode()
def logits_of(network: nn.Module, pictures: Pictures, device: torch.device) -> Tensor:
    """Return the (n, classes) float32 logits of fitted pictures, on the CPU.

    Args:
        network: A network on `device`; it is put into evaluation mode.
        pictures: Fitted (n, h, w, c) frames.
        device: Where to compute.
    """
    network.eval()
    starts = range(0, len(pictures), EVALUATION_BATCH)
    batches = (pictures.frames[start : start + EVALUATION_BATCH] for start in starts)
    return torch.cat([network(to_input(torch.tensor(b, device=device))).cpu() for b in batches])


def score(network: nn.Module, pictures: Pictures, device: torch.device) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy, 0 to 1.

    Args:
        network: A network on `device`; it is put into evaluation mode.
        pictures: Fitted (n, h, w, c) frames with labels.
        device: Where to compute.
    """
    logits = logits_of(network, pictures, device)
    labels = torch.as_tensor(pictures.labels)
    correct = (logits.argmax(1) == labels).float().mean()
    return float(F.cross_entropy(logits, labels)), float(correct)
