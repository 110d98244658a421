"""The networks, by name. Each takes (n, channels, height, width) float in 0..1 and gives logits."""

from collections.abc import Callable

from torch import Tensor, nn

from edgecnn.errors import OptionError
from edgecnn.trainer.networks.architecture import Architecture as Architecture
from edgecnn.trainer.networks.article import Article
from edgecnn.trainer.networks.edge import Edge
from edgecnn.trainer.networks.resnet8 import ResNet8

NETWORKS: dict[str, Callable[[tuple[int, int, int], int, Architecture], nn.Module]] = {
    "article": Article,
    "resnet8": ResNet8,
    "edge": Edge,
}


def build(architecture: Architecture, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Build a network with fresh weights.

    Args:
        architecture: Its name and numbers.
        shape: Input height, width, channels.
        classes: Number of logits.

    Raises:
        OptionError: No network has that name, or its numbers do not fit the input.
    """
    if architecture.name not in NETWORKS:
        raise OptionError(
            f"no network is called {architecture.name!r}",
            remedy=f"use one of: {', '.join(NETWORKS)}",
        )
    return NETWORKS[architecture.name](shape, classes, architecture)


def to_input(frames: Tensor) -> Tensor:
    """(n, h, w, c) uint8 -> (n, c, h, w) float in 0..1: what every model file does inside."""
    return frames.permute(0, 3, 1, 2).float() * (1.0 / 255.0)
