"""Automatic padding becomes the pads that it stands for; a kernel's size is always written."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.adopt.rules.graph_view import GraphView
from edgecnn.exporter.adopt.rules.padding_rules import state_kernel_shape, state_padding
from edgecnn.exporter.graph.editing import attribute
from edgecnn.exporter.graph.execution import open_unfused


def layer(kind: str, side: int, attributes: dict[str, Any]) -> onnx.ModelProto:
    """Return one convolution or pooling layer of a (1, 3, side, side) input."""
    weight = np.random.default_rng(0).normal(size=(5, 3, 3, 3)).astype(np.float32)
    names = ["w"] if kind == "Conv" else []
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *names], ["y"], "n", **attributes)], "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")] if names else [],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def outputs(model: onnx.ModelProto, side: int) -> np.ndarray:
    x = np.random.default_rng(1).normal(size=(1, 3, side, side)).astype(np.float32)
    (found,) = open_unfused(model.SerializeToString()).run(None, {"x": x})
    return np.asarray(found)


@pytest.mark.parametrize("how", ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
@pytest.mark.parametrize("kind", ["Conv", "MaxPool", "AveragePool"])
@pytest.mark.parametrize(("side", "stride"), [(8, 1), (8, 2), (9, 2), (7, 3)])
def test_the_stated_pads_give_the_same_output(how: str, kind: str, side: int, stride: int) -> None:
    model = layer(kind, side, {"kernel_shape": [3, 3], "strides": [stride] * 2, "auto_pad": how})
    expected = outputs(model, side)
    assert state_padding(GraphView(model), model.graph.node[0])
    assert attribute(model.graph.node[0], "auto_pad", None) is None
    np.testing.assert_array_equal(outputs(model, side), expected)


def test_dilated_layers_are_padded_by_their_reach() -> None:
    """ONNX Runtime itself refuses them with automatic padding."""
    attributes = {"kernel_shape": [3, 3], "dilations": [2, 2], "auto_pad": "SAME_UPPER"}
    model = layer("Conv", 9, attributes)
    assert state_padding(GraphView(model), model.graph.node[0])
    assert attribute(model.graph.node[0], "pads", None) == [2, 2, 2, 2]
    assert outputs(model, 9).shape == (1, 5, 9, 9)


def test_a_kernel_without_a_size_gets_its_weights() -> None:
    model = layer("Conv", 8, {})
    view, node = GraphView(model), model.graph.node[0]
    assert state_kernel_shape(view, node)
    assert attribute(node, "kernel_shape", None) == [3, 3]
    assert not state_kernel_shape(view, node)


def test_a_layer_whose_input_size_is_unknown_keeps_its_automatic_padding() -> None:
    model = layer("Conv", 8, {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"})
    for dim in model.graph.input[0].type.tensor_type.shape.dim:
        dim.ClearField("dim_value")
    assert not state_padding(GraphView(model), model.graph.node[0])
