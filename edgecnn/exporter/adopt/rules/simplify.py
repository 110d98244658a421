"""All rules together: they are applied until none of them changes the graph."""

from collections.abc import Callable

import onnx

from edgecnn.exporter.adopt.input_normalization import fold_input_normalization
from edgecnn.exporter.adopt.library import fold, infer
from edgecnn.exporter.adopt.rules import layer_rules, layout_rules, padding_rules
from edgecnn.exporter.adopt.rules.graph_view import GraphView
from edgecnn.exporter.graph.editing import drop_unused_constants, refill
from edgecnn.exporter.graph.plain_graph import LOGITS
from edgecnn.model.graph_check import outline_graph, refuse_operators
from edgecnn.model.operators import CLASSIFIER

MAX_ROUNDS = 50
"""Rounds of simplification: each ends with fewer or simpler nodes."""
Rule = Callable[[GraphView, onnx.NodeProto], bool]
RULES: tuple[tuple[Rule, str], ...] = (
    (padding_rules.state_kernel_shape, "Conv"),
    *((padding_rules.state_padding, kind) for kind in ("Conv", "MaxPool", "AveragePool")),
    (layer_rules.pool_means, "ReduceMean"),
    (layout_rules.sink_transposes, "Transpose"),
    (layout_rules.flatten_first, "Transpose"),
    (layout_rules.reshape_points, "Transpose"),
    (layout_rules.reshape_gathers, "Gather"),
    (layout_rules.merge_reshapes, "Reshape"),
    (layer_rules.add_and_multiply, "Sub"),
    (layer_rules.add_and_multiply, "Div"),
    (layer_rules.convolve_norms, "BatchNormalization"),
    (layer_rules.convolve_gains, "Mul"),
    (layer_rules.join_gains, "Conv"),
    (layer_rules.join_biases, "Add"),
    (layer_rules.flatten_before, "Conv"),
    (layer_rules.merge_pads, "Pad"),
    (layer_rules.name_dense, "MatMul"),
    (layer_rules.join_score, "Gemm"),
    (fold_input_normalization, "Conv"),
)
"""In this order: each rule with the operator type of the nodes that it is tried on."""


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """Apply the rules and ONNX Runtime's optimizations until no rule applies."""
    for _ in range(MAX_ROUNDS):
        drop_unused(model.graph)
        model = infer(model)
        if not sum(_applied(rule, kind, model) for rule, kind in RULES):
            break
        model = fold(model)
    refuse_operators(outline_graph(model.SerializeToString()), CLASSIFIER)
    return model


def _applied(rule: Rule, kind: str, model: onnx.ModelProto) -> int:
    """Apply a rule until it changes nothing, and return how often it did."""
    times = 0
    while any(rule(view, node) for view in [GraphView(model)] for node in view.nodes(kind)):
        times += 1
    return times


def drop_unused(graph: onnx.GraphProto) -> None:
    """Remove the nodes and constants that the logits do not depend on."""
    used, kept = {LOGITS}, []
    for node in reversed(graph.node):  # a graph is sorted: the maker of a tensor precedes readers
        if used & set(node.output):
            used |= set(node.input)
            kept.append(node)
    refill(graph.node, reversed(kept))
    drop_unused_constants(graph)
