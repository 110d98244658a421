"""`resnet8`: the image classification network of MLPerf Tiny, as a reference."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.trainer.networks.architecture import Architecture
from edgecnn.trainer.networks.layers import initialise, pool_all


class ResNet8(nn.Module):
    """Three residual blocks of 16, 32 and 64 channels: 78,666 parameters on CIFAR-10.

    As in the reference, convolutions have biases although batch norms follow, and shortcuts have no
    batch norm. Unlike Keras' "same", convolutions of stride 2 pad one pixel on each side instead of
    right and below only, at equal cost.

    Source: Banbury et al. 2021, "MLPerf Tiny Benchmark"; `resnet_v1_eembc` in mlcommons/tiny,
    `benchmark/training/image_classification/keras_model.py`.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, _: Architecture) -> None:
        super().__init__()
        self.stem = _conv_bn(shape[2], 16)
        self.stage1 = Block(16, 16, 1)
        self.stage2 = Block(16, 32, 2)
        self.stage3 = Block(32, 64, 2)
        self.dense = nn.Linear(64, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) in 0..1 -> (n, classes) logits."""
        x = F.relu(self.stem(x))  # (n, 16, 32, 32)
        x = self.stage3(self.stage2(self.stage1(x)))  # (n, 64, 8, 8)
        logits: Tensor = self.dense(pool_all(x))
        return logits


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut: (n, c, h, w) -> (n, outputs, h / stride, w / stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _conv_bn(inputs, outputs, stride)
        self.second = _conv_bn(outputs, outputs)
        self.shortcut = (
            nn.Identity() if (inputs, stride) == (outputs, 1)
            else nn.Conv2d(inputs, outputs, 1, stride)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, h / stride, w / stride)."""
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def _conv_bn(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs))
