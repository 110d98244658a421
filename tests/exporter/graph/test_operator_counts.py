"""Operators are counted as written and as executed; what stays float is named."""

from pathlib import Path

import onnx
from external_models import as_torch, random_network
from onnx import helper

from edgecnn.exporter.graph.operator_counts import (
    count_graph,
    count_operators,
    float_islands,
    optimized_graph,
)
from edgecnn.model.model_file import read_model


def test_the_operators_of_a_file_are_counted(int8: Path) -> None:
    operators = count_operators(read_model(int8))
    assert operators.written["Conv"] == 3
    assert operators.executed["com.microsoft.QLinearConv"] == 3


def test_an_int8_file_of_ours_computes_nothing_in_float(int8: Path) -> None:
    assert float_islands(count_operators(read_model(int8)).executed) == {}


def test_float_operators_of_an_executed_graph_are_islands() -> None:
    executed = {"com.microsoft.QLinearConv": 3, "QGemm": 1, "Softmax": 1, "Transpose": 1,
                "LayerNormalization": 2, "com.microsoft.Gelu": 1}  # fmt: skip
    assert float_islands(executed) == {"LayerNormalization": 2, "com.microsoft.Gelu": 1}


def test_a_domain_stands_before_the_operator() -> None:
    model = as_torch(random_network())
    model.graph.node.append(helper.make_node("Gelu", ["a"], ["b"], domain="com.microsoft"))
    counted = count_graph(model)
    assert (counted["Conv"], counted["com.microsoft.Gelu"]) == (2, 1)
    assert list(counted) == sorted(counted)


def test_the_optimized_graph_is_for_one_frame(fp32: Path) -> None:
    graph = optimized_graph(fp32.read_bytes()).graph
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1
    assert len(graph.node) < len(onnx.load(fp32).graph.node)
