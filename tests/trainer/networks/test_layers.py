"""Layers that the networks with batch norm share."""

import math

import torch
from torch import nn

from edgecnn.trainer.networks.layers import conv_bn, initialise, pool_all


def test_a_convolution_before_a_batch_norm_has_no_bias_and_keeps_the_size() -> None:
    layer = conv_bn(3, 8, kernel=5)
    assert isinstance(layer[0], nn.Conv2d)
    assert layer[0].bias is None
    assert layer(torch.zeros(2, 3, 9, 7)).shape == (2, 8, 9, 7)
    assert conv_bn(3, 8, 3, stride=2)(torch.zeros(2, 3, 9, 7)).shape == (2, 8, 5, 4)


def test_global_pooling_is_the_mean_of_each_channel() -> None:
    x = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pool_all(x), x.mean((2, 3)))


def test_weights_are_he_normal_and_biases_zero() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(64, 128, 3))
    initialise(network)
    weight, bias = network.state_dict().values()
    expected = math.sqrt(2 / (128 * 9))  # He et al.: fan-out, before ReLU
    assert abs(float(weight.std()) / expected - 1) < 0.02
    assert not bias.any()
