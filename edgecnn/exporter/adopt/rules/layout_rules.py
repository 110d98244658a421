"""Simplification rules for layouts: transposes and reshapes that prevent fusion of layers.

A rule is called with each node of its operator type, as `RULES` in `simplify.py` says. It changes
the graph in place, or returns False. All shapes have been inferred.
"""

import numpy as np
import onnx
from onnx import helper

from edgecnn.exporter.adopt.rules.graph_view import GraphView, is_to_nhwc
from edgecnn.exporter.graph.editing import attribute, rename_tensors

UNARY = ("Relu", "LeakyRelu", "Elu", "Selu", "Gelu", "Clip", "Sigmoid", "HardSigmoid",
         "HardSwish", "Tanh", "Softplus", "Erf", "Sqrt", "Exp", "Cast", "Identity")  # fmt: skip
BINARY = ("Add", "Sub", "Mul", "Div")
RESHAPING = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")


def sink_transposes(view: GraphView, node: onnx.NodeProto) -> bool:
    """Move a Transpose behind the elementwise layer that reads it, towards one to cancel with."""
    layer = view.only_reader(node.output[0])
    if layer is None or not _can_sink(view, node, layer):
        return False
    first, second = onnx.NodeProto(), onnx.NodeProto()
    first.CopyFrom(layer)
    second.CopyFrom(node)
    _permute_constant(view, node, first)
    between = f"{layer.output[0]}_before"
    rename_tensors([first], {node.output[0]: node.input[0], layer.output[0]: between})
    second.input[0], second.output[0] = between, layer.output[0]
    view.replace(node)
    view.replace(layer, first, second)
    return True


def _can_sink(view: GraphView, node: onnx.NodeProto, layer: onnx.NodeProto) -> bool:
    """Return whether a layer is elementwise and its only other inputs are constants."""
    if layer.op_type in UNARY:
        return all(name in view.constants for name in layer.input[1:])
    others = [name for name in layer.input if name != node.output[0]]
    return (
        layer.op_type in BINARY
        and len(others) == 1
        and others[0] in view.constants
        and len(view.constants[others[0]].dims) <= len(_perm(node))
    )


def _permute_constant(view: GraphView, node: onnx.NodeProto, layer: onnx.NodeProto) -> None:
    """Transpose an elementwise layer's constant back, to the layout before the Transpose."""
    if layer.op_type not in BINARY:
        return
    perm = _perm(node)
    for i, name in enumerate(layer.input):
        if name in view.constants and (values := view.array(name)).ndim:
            whole = values.reshape([1] * (len(perm) - values.ndim) + list(values.shape))
            layer.input[i] = view.add_constant(name, whole.transpose(np.argsort(perm)))


def flatten_first(view: GraphView, node: onnx.NodeProto) -> bool:
    """Remove the Transpose before a Flatten: reorder the weights of the dense layer behind it."""
    flat = view.only_reader(node.output[0])
    dense = view.only_reader(flat.output[0]) if flat is not None else None
    shape = view.shape(node.input[0])
    if flat is None or dense is None or len(shape) != 4 or 0 in shape[1:]:
        return False
    if not is_to_nhwc(node) or not _flattens(view, flat) or not _is_dense(view, dense):
        return False
    weight, is_transposed = view.array(dense.input[1]), bool(attribute(dense, "transB", 0))
    rows = weight.T if is_transposed else weight  # (height * width * channels, units)
    _, channels, height, width = shape
    rows = rows.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)
    rows = rows.reshape(weight.shape[1 if is_transposed else 0], -1)
    dense.input[1] = view.add_constant(dense.input[1], rows.T if is_transposed else rows)
    flat.input[0] = node.input[0]
    view.replace(node)
    return True


def _perm(node: onnx.NodeProto) -> list[int]:
    """Return the permutation of a Transpose; empty: the default, which reverses the axes."""
    return [*attribute(node, "perm", [])]


def _flattens(view: GraphView, node: onnx.NodeProto) -> bool:
    if node.op_type == "Flatten":
        return bool(attribute(node, "axis", 1) == 1)
    return node.op_type == "Reshape" and len(view.shape(node.output[0])) == 2


def _is_dense(view: GraphView, node: onnx.NodeProto) -> bool:
    plain = node.op_type == "MatMul" or (
        node.op_type == "Gemm" and not attribute(node, "transA", 0)
    )
    return plain and node.input[1] in view.constants


def merge_reshapes(view: GraphView, node: onnx.NodeProto) -> bool:
    """Merge two reshapes into one, and remove a Reshape that changes nothing."""
    before, after = view.shape(node.input[0]), view.shape(node.output[0])
    if before and before == after and 0 not in after and node.output[0] not in view.outputs:
        view.redirect_readers(node.output[0], node.input[0])
        view.replace(node)
        return True
    maker = view.makers.get(node.input[0])
    if maker is None or maker.op_type not in RESHAPING or not after or 0 in after:
        return False
    node.input[:] = [
        maker.input[0],
        view.add_constant(f"{node.output[0]}_target", np.array(after, np.int64)),
    ]
    return True


def reshape_points(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace the Transpose of a 1x1 picture by a Reshape, which may merge with others."""
    before, after = view.shape(node.input[0]), view.shape(node.output[0])
    if len(before) != 4 or before[2:] != [1, 1] or not after or 0 in after:
        return False
    if _perm(node)[:1] != [0]:
        return False
    target = view.add_constant(f"{node.output[0]}_target", np.array(after, np.int64))
    view.replace(node, helper.make_node("Reshape", [node.input[0], target], node.output))
    return True


def reshape_gathers(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace a Gather that takes every value of a row in its order by a Reshape.

    PyTorch's exporter writes one where a mean follows pictures in NHWC (`as_strided`).
    """
    size, indexes = view.shape(node.input[0]), view.constants.get(node.input[1])
    if len(size) != 1 or 0 in size or indexes is None or attribute(node, "axis", 0) != 0:
        return False
    values = view.array(node.input[1])
    if not np.array_equal(values.ravel(), np.arange(size[0])):
        return False
    target = view.add_constant(f"{node.output[0]}_target", np.array(values.shape, np.int64))
    view.replace(node, helper.make_node("Reshape", [node.input[0], target], node.output))
    return True
