"""The networks by name; each maps (n, c, h, w) float32 in 0..1 to (n, classes) logits."""

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
    """Build a network with random weights.

    Args:
        architecture: Its name and hyperparameters.
        shape: Input height, width in pixels, channels.
        classes: Number of logits.

    Raises:
        OptionError: There is no such network, or its hyperparameters do not fit the input.
    """
    if architecture.name not in NETWORKS:
        raise OptionError(
            f"no network is called {architecture.name!r}",
            remedy=f"use one of: {', '.join(NETWORKS)}",
        )
    return NETWORKS[architecture.name](shape, classes, architecture)


def to_input(frames: Tensor) -> Tensor:
    """(n, h, w, c) uint8 -> (n, c, h, w) float32 in 0..1, as the graph of a model file does it."""
    return frames.permute(0, 3, 1, 2).float() * (1.0 / 255.0)
