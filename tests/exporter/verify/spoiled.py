"""Model files with known faults, made from exported ones: what `verify` must name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from craft import Edit, with_entry, with_new_digest
from onnx import helper, numpy_helper

from edgecnn.exporter.graph.editing import add_constant, makers_of
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.inference.file_checks import VerifyReport
from edgecnn.model import digest
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model


def reasons(report: VerifyReport) -> dict[str, str]:
    return {check.name: check.reason for check in report.failures}


def results(report: VerifyReport) -> dict[str, str]:
    return {check.name: check.result for check in report.checks}


def constant(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    tensors: dict[str, onnx.TensorProto] = {
        tensor.name: tensor for tensor in model.graph.initializer
    }
    return tensors[name]


def change(tensor: onnx.TensorProto, values: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))


def weight_of(model: onnx.ModelProto, node: onnx.NodeProto, place: int = 1) -> onnx.TensorProto:
    """Return a layer's constant, quantized or not."""
    makers = makers_of(model.graph)
    name = node.input[place]
    return constant(model, makers[name].input[0] if name in makers else name)


def first_conv_swapped(model: onnx.ModelProto) -> None:
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    weight = weight_of(model, conv)
    change(weight, numpy_helper.to_array(weight)[:, ::-1])


def frame_swapped(model: onnx.ModelProto) -> None:
    """Put a Gather between the frame and the graph, as for a network that takes RGB."""
    model.graph.node[0].input[0] = "rgb"
    add_constant(model.graph, "order", np.array([2, 1, 0]))
    model.graph.node.insert(0, helper.make_node("Gather", ["frame", "order"], ["rgb"], axis=3))


def scaled(factor: float) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        kinds = ("Mul", "DequantizeLinear")
        front = next(node for node in model.graph.node if node.op_type in kinds)
        scale = constant(model, front.input[1])
        change(scale, np.asarray(numpy_helper.to_array(scale) * np.float32(factor)))

    return edit


def scale_removed(model: onnx.ModelProto) -> None:
    (front,) = [node for node in model.graph.node if node.op_type == "Mul"]
    for node in model.graph.node:
        node.input[:] = [front.input[0] if i == front.output[0] else i for i in node.input]
    model.graph.node.remove(front)
    model.graph.initializer.remove(constant(model, front.input[1]))


def turned(model: onnx.ModelProto) -> None:
    (layout,) = [node for node in model.graph.node if node.op_type == "Transpose"]
    layout.attribute[0].ints[:] = [0, 3, 2, 1]


def classes_exchanged(model: onnx.ModelProto) -> None:
    """Exchange the outputs 0 and 2 of the last layer."""
    last = next(node for node in model.graph.node if "logits" in node.output)
    makers = makers_of(model.graph)
    for place in (1, 2):
        name = last.input[place]
        for used in makers[name].input if name in makers else [name]:
            tensor = constant(model, used)
            change(tensor, numpy_helper.to_array(tensor)[[2, 1, 0, 3]])


def golden_of(path: Path, logits: np.ndarray) -> Edit:
    rows = tuple(tuple(map(float, row)) for row in logits)
    golden = replace(read_model(path).golden, logits=rows)
    return with_entry(digest.GOLDEN_KEY, golden.to_json())


def with_its_own_golden(path: Path, folder: Path, edit: Edit) -> Path:
    """Return a file that is spoiled and whose golden answers are those of the spoiled graph."""
    spoiled = with_new_digest(path, folder, edit)
    tested = ModelUnderTest(read_model(spoiled))
    logits = tested.logits(np.stack(tested.golden_frames))
    return with_new_digest(spoiled, folder, golden_of(spoiled, logits))


CHANNELS = "the channels are swapped"
SCALE = "the pixel scale is missing"
SPOILED = [
    pytest.param(Form.FP32, first_conv_swapped, CHANNELS, id="fp32, first weights swapped"),
    pytest.param(Form.INT8, first_conv_swapped, CHANNELS, id="int8, first weights swapped"),
    pytest.param(Form.FP32, frame_swapped, CHANNELS, id="fp32, RGB gathered"),
    pytest.param(Form.INT8, frame_swapped, CHANNELS, id="int8, RGB gathered"),
    pytest.param(Form.FP32, scaled(255), SCALE, id="fp32, scale of 1"),
    pytest.param(Form.INT8, scaled(255), SCALE, id="int8, scale of 1"),
    pytest.param(Form.FP32, scale_removed, SCALE, id="fp32, no scale"),
    pytest.param(Form.FP32, scaled(1 / 255), "scale is there twice", id="fp32, scaled twice"),
    pytest.param(Form.INT8, scaled(1 / 255), "scale is there twice", id="int8, scaled twice"),
    pytest.param(Form.FP32, turned, "rows and columns are swapped", id="fp32, turned"),
]
PERMUTED = [
    pytest.param(form, classes_exchanged, "permuted: the file's 'green' is", id=f"{form}, classes")
    for form in (Form.FP32, Form.INT8)
]
