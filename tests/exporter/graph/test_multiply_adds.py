"""Multiply-adds are counted from the shapes of the layers."""

from pathlib import Path

import numpy as np

from edgecnn.exporter.graph.multiply_adds import count_macs
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.exporter.quantization.quantize import quantize
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build


def test_multiply_adds_are_those_of_the_published_network(int8: Path) -> None:
    macs = read_model(int8).card.macs
    assert macs == {"conv1": 194_688, "conv2": 2_230_272, "conv3": 331_776,
                    "gemm1": 36_864, "gemm2": 640}  # fmt: skip
    assert sum(macs.values()) == 2_794_240


def test_multiply_adds_do_not_change_by_quantizing(frames: list[np.ndarray]) -> None:
    spec = ModelSpec(labels=("a", "b"), height=28, width=28, channels=1)
    core = export_core(build(Architecture(), spec.shape, 2), spec)
    assert count_macs(quantize(core, np.stack(frames))) == count_macs(core)
