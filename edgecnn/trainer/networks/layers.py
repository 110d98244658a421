"""Pieces that the networks with batch norm share."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution and batch norm; at export the norm folds into the convolution.

    The bias is the norm's: Ioffe and Szegedy 2015, "Batch Normalization", section 3.2.
    """
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


def pool_all(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c): global average pooling, Lin et al. 2014, "Network In Network".

    Written as a pool over the whole plane, which has an int8 kernel. A mean over two axes would
    become ReduceMean, which has none.
    """
    return F.avg_pool2d(x, x.shape[-2:]).flatten(1)


def initialise(network: nn.Module) -> None:
    """He normal weights, for layers before ReLU.

    Source: He et al. 2015, "Delving Deep into Rectifiers".
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
