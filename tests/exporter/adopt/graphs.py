"""External graphs in tests: written, read as `adopt` does, and their operators counted."""

from collections import Counter

import numpy as np
import onnx
import torch
from external_models import Writer, plain, random_network
from onnx import TensorProto

from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, Plan, UserOptions, plan_input
from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.exporter.adopt.read_graph import CleanedGraph, read
from edgecnn.model.frame import Frame
from edgecnn.model.graph_check import outline_graph

UNIT = ASSUMPTIONS["unit"]
CLEAN = {"Conv": 2, "Relu": 3, "MaxPool": 1, "Flatten": 1, "Gemm": 2}


def adopted(
    model: onnx.ModelProto, given: UserOptions = UNIT, classes: int = 3
) -> tuple[onnx.ModelProto, CleanedGraph]:
    return read(model.SerializeToString(), planned(model, given, classes))


def planned(model: onnx.ModelProto, given: UserOptions = UNIT, classes: int = 3) -> Plan:
    return plan_input(outline_graph(model.SerializeToString()), given, classes)


def outputs(model: onnx.ModelProto, frames: Frame) -> np.ndarray:
    """Return the logits of a plain graph for (n, H, W, C) uint8 frames."""
    images = frames.transpose(0, 3, 1, 2) / np.float32(255)
    return run(open_plain(model.SerializeToString()), images)


def kinds(core: onnx.ModelProto) -> Counter[str]:
    found = Counter(node.op_type for node in core.graph.node)
    found["Flatten"] += found.pop("Reshape", 0)
    return found


def with_input(shape: list[int | str], element: int = TensorProto.FLOAT) -> onnx.ModelProto:
    return plain(random_network()).model("input", shape, 3, element=element)


def coloured(*, padded: bool, apart: bool = False) -> tuple[onnx.ModelProto, torch.nn.Module]:
    """Return a graph of RGB pictures and the same network in torch."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=int(padded)), torch.nn.BatchNorm2d(4), torch.nn.ReLU()
    ).eval()
    norm, dense = net[1], torch.nn.Linear(4, 3)
    assert isinstance(norm, torch.nn.BatchNorm2d)
    with torch.no_grad():
        for values in (norm.weight, norm.running_var):
            assert values is not None
            values.uniform_(0.5, 1.5)
        for values in (norm.bias, norm.running_mean):
            assert values is not None
            values.uniform_(-0.5, 0.5)

    def array(values: torch.Tensor | None) -> np.ndarray:
        assert values is not None
        return np.asarray(values.detach().numpy())

    conv = net[0]
    assert isinstance(conv, torch.nn.Conv2d)
    writer = Writer("input")
    writer.add("Conv", array(conv.weight), array(conv.bias), pads=[int(padded)] * 4)
    writer.add("BatchNormalization", array(norm.weight), array(norm.bias),
               array(norm.running_mean), array(norm.running_var), epsilon=norm.eps)  # fmt: skip
    writer.add("Relu").add("ReduceMean", np.array([2, 3]), keepdims=0)
    writer.add("Gemm", array(dense.weight), array(dense.bias), transB=1)
    whole = torch.nn.Sequential(net, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), dense)
    return writer.model("input", ["N", 3, 12, 10], 3), whole.eval()


def painted(red: np.ndarray, size: int) -> Frame:
    """Return flat (n, size, size, 3) BGR frames: red is given, green is middling, blue is any."""
    frames = np.full((len(red), size, size, 3), 90, np.uint8)
    frames[..., 0] = np.random.default_rng(1).integers(0, 256, (len(red), 1, 1))
    frames[..., 2] = red[:, None, None]
    return frames
