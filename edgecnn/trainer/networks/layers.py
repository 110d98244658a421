"""Layers and initialisation that the networks with batch norm share."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a padded convolution and a batch norm, which export folds into the convolution.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        kernel: Odd kernel size, pixels.
        stride: Stride, pixels.

    The convolution has no bias because the batch norm has one.

    Source: Ioffe and Szegedy 2015, "Batch Normalization", section 3.2.
    """
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)
    )


def pool_all(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c): global average pooling.

    Average pooling over the whole plane has an int8 kernel in ONNX Runtime; a mean over two axes
    would be exported as ReduceMean, which has none.

    Source: Lin et al. 2014, "Network In Network".
    """
    return F.avg_pool2d(x, x.shape[-2:]).flatten(1)


def initialise(network: nn.Module) -> None:
    """Set He normal weights and zero biases of the convolutions.

    Source: He et al. 2015, "Delving Deep into Rectifiers".
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
