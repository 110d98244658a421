"""`article`: the CNN of the Keras tutorial."""

import torch
from torch import Tensor, nn

from edgecnn.errors import OptionError
from edgecnn.trainer.networks.architecture import Architecture


class Article(nn.Module):
    """Three convolutions without padding, two 2x2 max pools, two dense layers.

    On 28x28 gray pictures and 10 classes it has 93,322 parameters, as in Keras:
    Conv2D(32) MaxPooling2D Conv2D(64) MaxPooling2D Conv2D(64) Flatten Dense(64) Dense(10).
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, numbers: Architecture) -> None:
        super().__init__()
        if len(numbers.widths) != 3:
            raise OptionError(
                f"article has 3 convolutions, widths are {numbers.widths}", remedy="give 3 widths"
            )
        height, width, channels = shape
        first, second, third = numbers.widths
        kernel, stride = numbers.kernel, numbers.stride
        self.conv1 = nn.Conv2d(channels, first, kernel, stride)
        self.conv2 = nn.Conv2d(first, second, kernel, stride)
        self.conv3 = nn.Conv2d(second, third, kernel, stride)
        self.pool = nn.MaxPool2d(2)
        flat = third * _output_side(height, numbers) * _output_side(width, numbers)
        self.dense1 = nn.Linear(flat, numbers.dense)
        self.dense2 = nn.Linear(numbers.dense, classes)
        _initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) in 0..1 -> (n, classes) logits."""
        x = self._relu_and_pool(self.conv1(x))  # (n, 32, 13, 13) for 28x28
        x = self._relu_and_pool(self.conv2(x))  # (n, 64, 5, 5)
        x = torch.relu_(self.conv3(x)).flatten(1)  # (n, 576)
        logits: Tensor = self.dense2(torch.relu_(self.dense1(x)))
        return logits

    def _relu_and_pool(self, x: Tensor) -> Tensor:
        """Apply ReLU and max pooling in the faster order; both orders give equal bits.

        In training, ReLU is cheaper on the pooled quarter of the values. In the exported graph it
        must follow the convolution, so that ONNX Runtime can fuse the two.
        """
        if self.training:
            return torch.relu_(self.pool(x))
        pooled: Tensor = self.pool(torch.relu_(x))
        return pooled


def _initialise(network: nn.Module) -> None:
    """Set Glorot uniform weights and zero biases, the defaults of Keras.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward
    neural networks"; Keras' layer defaults.
    """
    for layer in network.children():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)


def _output_side(side: int, numbers: Architecture) -> int:
    """Return the length of one side after the last convolution, pixels."""
    left = side
    for pooled in (True, True, False):
        left = (left - numbers.kernel) // numbers.stride + 1
        left = left // 2 if pooled else left
        if left < 1:
            raise OptionError(
                f"{side} pixels are too few for kernel {numbers.kernel}, stride {numbers.stride}",
                remedy="use a larger size, or a smaller kernel or stride",
            )
    return left
