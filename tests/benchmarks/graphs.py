"""What the latency benchmarks share: graphs of untrained networks, and timed calls of a graph.

A latency does not depend on what a network has learned, as long as its weights are not zero.
"""

from collections.abc import Callable

import numpy as np
import onnx
import torch
from torch import nn

from edgecnn.exporter.graph.contract import wrap_fp32, wrap_int8
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.exporter.quantization.quantize import quantize
from edgecnn.inference.ort import onnxruntime
from edgecnn.model.spec import ModelSpec

REPEATS = 4
"""Calls that are timed as one."""


def spec_of(shape: tuple[int, int, int]) -> ModelSpec:
    """Return a spec of ten classes for this height, width and number of channels."""
    height, width, channels = shape
    return ModelSpec(labels=tuple("0123456789"), height=height, width=width, channels=channels)


def forms(network: nn.Module, shape: tuple[int, int, int]) -> tuple[onnx.ModelProto, bytes, bytes]:
    """Return a network's plain graph, and its int8 and fp32 forms as bytes."""
    spec = spec_of(shape)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):  # else the folded bias is zero and left out
            nn.init.uniform_(layer.bias, -0.1, 0.1)
    core = export_core(network, spec)
    frames = np.random.default_rng(0).integers(0, 256, (8, *shape), np.uint8)
    int8 = wrap_int8(quantize(core, frames), spec).SerializeToString()
    return core, int8, wrap_fp32(core, spec).SerializeToString()


def caller(data: bytes, shape: tuple[int, int, int]) -> Callable[[], object]:
    """Return a call that runs a graph on one frame, REPEATS times, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_free_dimension_override_by_name("N", 1)
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    feed = {"frame": np.random.default_rng(1).integers(0, 256, (1, *shape), np.uint8)}

    def call() -> None:
        for _ in range(REPEATS):
            session.run(["logits"], feed)

    return call


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    """Return a network with the same weights every time."""
    torch.manual_seed(0)
    return make()
