"""`resnet8` has the parameters and the cost that MLPerf Tiny publishes."""

import pytest
import torch

from edgecnn.exporter.graph.multiply_adds import count_macs
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build
from edgecnn.trainer.networks.resnet8 import Block

CIFAR = ModelSpec(labels=tuple("0123456789"), height=32, width=32, channels=3)


def test_resnet8_has_mlperf_tinys_78666_values() -> None:
    tensors = build(Architecture("resnet8"), CIFAR.shape, 10).state_dict().values()
    assert sum(tensor.numel() for tensor in tensors if tensor.is_floating_point()) == 78_666


def test_resnet8_costs_mlperf_tinys_12_5_million_multiply_adds() -> None:
    """By hand: 32 * 32 * 9 * (3 + 16 + 16) * 16, then a quarter of the places twice."""
    stem = 32 * 32 * 9 * (3 + 16 + 16) * 16
    second = 16 * 16 * (9 * (16 + 32) + 16) * 32
    third = 8 * 8 * (9 * (32 + 64) + 32) * 64
    core = export_core(build(Architecture("resnet8"), CIFAR.shape, 10), CIFAR)
    assert sum(count_macs(core).values()) == stem + second + third + 640 == 12_501_632


@pytest.mark.parametrize("stride", [1, 2])
def test_a_block_changes_channels_and_size(stride: int) -> None:
    made = Block(16, 32, stride)(torch.rand(2, 16, 8, 12))
    assert made.shape == (2, 32, 8 // stride, 12 // stride)
    assert float(made.detach().min()) >= 0.0
