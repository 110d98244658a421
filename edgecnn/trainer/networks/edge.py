"""`edge`: a family of CNNs of our own, built from the operators with the fastest int8 kernels."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.errors import OptionError
from edgecnn.trainer.networks.architecture import Architecture
from edgecnn.trainer.networks.layers import conv_bn, initialise, pool_all


class Edge(nn.Module):
    """Stages of convolutions with residual blocks, global average pooling, and a dense layer.

    The first convolution has `stride`; each later stage starts with a convolution of stride 2
    instead of a pooling layer. `depths` gives the residual blocks of each stage.

    It has no depthwise convolutions: in ONNX Runtime on x86, their int8 kernels reach less than
    half as many multiply-adds per nanosecond, so that a separable network with half of them is no
    faster (`tests/benchmarks/kernels.py` measures it).
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, numbers: Architecture) -> None:
        super().__init__()
        _check(shape, numbers)
        inputs, strides = shape[2], (numbers.stride, *(2 for _ in numbers.widths[1:]))
        stages = []
        for width, depth, stride in zip(numbers.widths, numbers.depths, strides, strict=True):
            stages.append(Stage(inputs, width, depth, stride, numbers))
            inputs = width
        self.stages = nn.Sequential(*stages)
        self.dense = nn.Linear(inputs, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) in 0..1 -> (n, classes) logits."""
        logits: Tensor = self.dense(pool_all(self.stages(x)))
        return logits


class Stage(nn.Module):
    """A convolution that changes channels and size, then residual blocks."""

    def __init__(
        self, inputs: int, width: int, depth: int, stride: int, numbers: Architecture
    ) -> None:
        super().__init__()
        self.down = conv_bn(inputs, width, 3, stride)
        inner = max(1, round(width * numbers.expansion))
        self.blocks = nn.Sequential(*(Block(width, inner, numbers.kernel) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, width, h / stride, w / stride)."""
        y: Tensor = self.blocks(F.relu(self.down(x)))
        return y


class Block(nn.Module):
    """A residual block of two convolutions with `inner` channels between them.

    Source: He et al. 2016, "Deep Residual Learning for Image Recognition", figure 2.
    """

    def __init__(self, width: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.first = conv_bn(width, inner, kernel)
        self.second = conv_bn(inner, width, kernel)

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h, w) -> the same shape."""
        return F.relu(x + self.second(F.relu(self.first(x))))


def _check(shape: tuple[int, int, int], numbers: Architecture) -> None:
    if not numbers.widths or len(numbers.widths) != len(numbers.depths):
        raise OptionError(
            f"edge has {len(numbers.widths)} widths and {len(numbers.depths)} depths",
            remedy="give one depth for each width",
        )
    if numbers.kernel % 2 == 0:
        raise OptionError(f"kernel {numbers.kernel} has no middle", remedy="use 3, 5 or 7")
    smallest = numbers.stride * 2 ** (len(numbers.widths) - 1)
    if min(shape[:2]) < smallest:
        raise OptionError(
            f"{min(shape[:2])} pixels are too few for {len(numbers.widths)} stages",
            remedy=f"use a size of {smallest} or more, or fewer stages",
        )
