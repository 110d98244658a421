"""Tensors are looked up by name, and nodes replaced in place."""

import numpy as np
from external_models import as_torch, random_network
from onnx import helper

from edgecnn.exporter.adopt.library import infer
from edgecnn.exporter.adopt.rules.graph_view import GraphView, is_to_nhwc


def view() -> GraphView:
    """Conv, Relu, MaxPool, Conv, Relu, Flatten, Gemm, Relu, Gemm."""
    return GraphView(infer(as_torch(random_network())))


def test_shapes_are_known_and_0_where_a_dimension_is_open() -> None:
    assert view().shape("input") == [0, 1, 8, 8]
    assert view().shape("nothing") == []


def test_the_only_reader_of_a_tensor_is_found_and_an_output_has_none() -> None:
    found = view()
    conv, relu = found.graph.node[:2]
    assert found.only_reader(conv.output[0]) == relu
    assert found.only_reader(found.graph.output[0].name) is None
    found.graph.node[3].input[0] = conv.output[0]
    assert GraphView(helper.make_model(found.graph)).only_reader(conv.output[0]) is None


def test_weights_come_in_double_precision_with_zeros_for_a_missing_bias() -> None:
    found = view()
    conv = next(found.nodes("Conv"))
    weight, bias = found.weights(conv)
    assert (weight.shape, bias.shape) == ((4, 1, 3, 3), (4,))
    assert weight.dtype == bias.dtype == np.float64
    assert found.has_constant_weights(conv)
    del conv.input[2]
    assert not found.weights(conv)[1].any()


def test_a_taken_name_is_not_given_twice() -> None:
    found = view()
    taken = next(iter(found.constants))
    assert found.add_constant(taken, np.zeros(1)) == f"{taken}_"
    assert found.add_weights("new", np.zeros((2, 1)), np.zeros(2)) == ["new_weight", "new_bias"]


def test_a_node_is_replaced_in_its_place_and_its_readers_are_redirected() -> None:
    found = view()
    conv, relu, pool = found.graph.node[:3]
    found.redirect_readers(relu.output[0], conv.output[0])
    found.replace(relu)
    assert [node.op_type for node in found.graph.node][:2] == ["Conv", "MaxPool"]
    assert found.graph.node[1].input[0] == conv.output[0]
    assert pool.input[0] == conv.output[0]


def test_only_the_transpose_from_nchw_to_nhwc_is_one() -> None:
    assert is_to_nhwc(helper.make_node("Transpose", ["a"], ["b"], perm=[0, 2, 3, 1]))
    assert not is_to_nhwc(helper.make_node("Transpose", ["a"], ["b"], perm=[0, 3, 1, 2]))
    assert not is_to_nhwc(helper.make_node("Transpose", ["a"], ["b"]))
