"""Rules about layouts: transposes and reshapes that keep layers from being merged.

Each rule changes a graph in place and tells whether it did; shapes must have been inferred.
"""

import numpy as np
import onnx
from onnx import helper

from edgecnn.exporter.adopt.graph_view import View, attribute, is_to_nhwc

UNARY = ("Relu", "LeakyRelu", "Elu", "Selu", "Gelu", "Clip", "Sigmoid", "HardSigmoid",
         "HardSwish", "Tanh", "Softplus", "Erf", "Sqrt", "Exp", "Cast", "Identity")  # fmt: skip
BINARY = ("Add", "Sub", "Mul", "Div")
RESHAPING = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")


def sink_transposes(model: onnx.ModelProto) -> bool:
    """Move a transpose behind the elementwise layer that reads it."""
    view = View(model)
    for node in view.nodes("Transpose"):
        user = view.user(node.output[0])
        if user is None or not _sinks(view, node, user):
            continue
        first, second = onnx.NodeProto(), onnx.NodeProto()
        first.CopyFrom(user)
        second.CopyFrom(node)
        _permute_constant(view, node, first)
        between = f"{user.output[0]}_before"
        first.input[:] = [node.input[0] if n == node.output[0] else n for n in first.input]
        first.output[0], second.input[0], second.output[0] = between, between, user.output[0]
        view.replace(node)
        view.replace(user, first, second)
        return True
    return False


def _sinks(view: View, node: onnx.NodeProto, user: onnx.NodeProto) -> bool:
    if user.op_type in UNARY:
        return all(name in view.constants for name in user.input[1:])
    others = [name for name in user.input if name != node.output[0]]
    return (
        user.op_type in BINARY
        and len(others) == 1
        and others[0] in view.constants
        and len(view.constants[others[0]].dims) <= len(_perm(node))
    )


def _permute_constant(view: View, node: onnx.NodeProto, user: onnx.NodeProto) -> None:
    """Give an elementwise layer its constant in the order that holds before the transpose."""
    if user.op_type not in BINARY:
        return
    perm = _perm(node)
    for i, name in enumerate(user.input):
        if name in view.constants and (values := view.array(name)).ndim:
            whole = values.reshape([1] * (len(perm) - values.ndim) + list(values.shape))
            user.input[i] = view.add_constant(name, whole.transpose(np.argsort(perm)))


def flatten_first(model: onnx.ModelProto) -> bool:
    """Flatten pictures without transposing them; the dense layer's weights are reordered."""
    view = View(model)
    for node in view.nodes("Transpose"):
        flat = view.user(node.output[0])
        dense = view.user(flat.output[0]) if flat is not None else None
        shape = view.shape(node.input[0])
        if flat is None or dense is None or len(shape) != 4 or 0 in shape[1:]:
            continue
        if not is_to_nhwc(node) or not _flattens(view, flat) or not _is_dense(view, dense):
            continue
        weight, across = view.array(dense.input[1]), bool(attribute(dense, "transB", 0))
        rows = weight.T if across else weight  # (height * width * channels, units)
        _, channels, height, width = shape
        rows = rows.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)
        rows = rows.reshape(weight.shape[1 if across else 0], -1)
        dense.input[1] = view.add_constant(dense.input[1], rows.T if across else rows)
        flat.input[0] = node.input[0]
        view.replace(node)
        return True
    return False


def _perm(node: onnx.NodeProto) -> list[int]:
    """Return the order of a transpose; empty where it is the default, the reverse."""
    return [*attribute(node, "perm", [])]


def _flattens(view: View, node: onnx.NodeProto) -> bool:
    if node.op_type == "Flatten":
        return bool(attribute(node, "axis", 1) == 1)
    return node.op_type == "Reshape" and len(view.shape(node.output[0])) == 2


def _is_dense(view: View, node: onnx.NodeProto) -> bool:
    plain = node.op_type == "MatMul" or (
        node.op_type == "Gemm" and not attribute(node, "transA", 0)
    )
    return plain and node.input[1] in view.constants


def merge_reshapes(model: onnx.ModelProto) -> bool:
    """Reshape once where a graph reshapes twice, and not at all where nothing changes."""
    view = View(model)
    for node in view.nodes("Reshape"):
        before, after = view.shape(node.input[0]), view.shape(node.output[0])
        if before and before == after and 0 not in after and node.output[0] not in view.outputs:
            view.reread(node.output[0], node.input[0])
            view.replace(node)
            return True
        maker = view.makers.get(node.input[0])
        if maker is None or maker.op_type not in RESHAPING or not after or 0 in after:
            continue
        node.input[:] = [
            maker.input[0],
            view.add_constant(f"{node.output[0]}_target", np.array(after, np.int64)),
        ]
        return True
    return False


def reshape_points(model: onnx.ModelProto) -> bool:
    """Turn the transpose of a picture of one pixel into a reshape, which may merge with others."""
    view = View(model)
    for node in view.nodes("Transpose"):
        before, after = view.shape(node.input[0]), view.shape(node.output[0])
        if len(before) != 4 or before[2:] != [1, 1] or not after or 0 in after:
            continue
        if _perm(node)[:1] != [0]:
            continue
        target = view.add_constant(f"{node.output[0]}_target", np.array(after, np.int64))
        view.replace(node, helper.make_node("Reshape", [node.input[0], target], node.output))
        return True
    return False
