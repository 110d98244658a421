"""The last layer of a quantized graph computes float logits, and its step is bounded."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edgecnn.exporter.graph.editing import constants_of, copied, makers_of
from edgecnn.exporter.graph.last_layer import int8_step, with_float_logits
from edgecnn.exporter.graph.plain_graph import LOGITS

STEP, WEIGHT_STEP = np.float32(0.5), np.float32(0.25)


def quantized(*, shaped: bool = False) -> onnx.ModelProto:
    """Return QuantizeLinear, DequantizeLinear, Gemm, perhaps Flatten, and both once more."""
    constants = {"step": STEP, "zero": np.uint8(0), "levels": np.array([[1, -4], [2, 3]], np.int8),
                 "weight_step": WEIGHT_STEP, "weight_zero": np.int8(0)}  # fmt: skip
    last = "flat" if shaped else "dense"
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "step", "zero"], ["d"]),
        helper.make_node("DequantizeLinear", ["levels", "weight_step", "weight_zero"], ["w"]),
        helper.make_node("Gemm", ["d", "w"], ["dense"], transB=1),
        *([helper.make_node("Flatten", ["dense"], ["flat"])] if shaped else []),
        helper.make_node("QuantizeLinear", [last, "step", "zero"], ["out"]),
        helper.make_node("DequantizeLinear", ["out", "step", "zero"], [LOGITS]),
    ]
    tensors = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", 1, [1, 2])], [info(LOGITS, 1, [1, 2])],
                              tensors)  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


@pytest.mark.parametrize("shaped", [False, True])
def test_the_last_layer_computes_float_logits(shaped: bool) -> None:
    model = with_float_logits(quantized(shaped=shaped))
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("QuantizeLinear") == 1
    assert kinds[-1] == ("Flatten" if shaped else "Gemm")
    assert LOGITS in makers_of(model.graph)
    onnx.checker.check_model(model)


def test_values_that_another_node_reads_stay_quantized() -> None:
    model = quantized()
    model.graph.node.append(helper.make_node("Identity", ["out"], ["also"]))
    before = copied(model)
    assert with_float_logits(model).graph.node == before.graph.node


def test_a_step_moves_a_logit_by_at_most_the_largest_weight_times_it() -> None:
    assert int8_step(with_float_logits(quantized())) == pytest.approx(0.5 * 4 * 0.25)


def test_constants_that_nothing_reads_any_more_are_removed() -> None:
    model = quantized()
    model.graph.node[4].input[1:] = ["out_step", "out_zero"]
    model.graph.node[5].input[1:] = ["out_step", "out_zero"]
    for name, value in (("out_step", STEP), ("out_zero", np.uint8(0))):
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    assert not {"out_step", "out_zero"} & set(constants_of(with_float_logits(model).graph))
