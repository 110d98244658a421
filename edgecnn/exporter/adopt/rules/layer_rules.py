"""Simplification rules for layers: replace those without an int8 kernel, or fold them away.

A rule is called with each node of its operator type, as `RULES` in `simplify.py` says. It changes
the graph in place, or returns False. All shapes have been inferred.
"""

import numpy as np
import onnx
from onnx import helper

from edgecnn.exporter.adopt.rules.graph_view import GraphView, is_to_nhwc
from edgecnn.exporter.graph.editing import attribute, refill


def pool_means(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace a mean over height and width by GlobalAveragePool, which has an int8 kernel."""
    rank = len(view.shape(node.input[0]))
    if rank != 4 or len(node.input) < 2 or node.input[1] not in view.constants:
        return False
    source, output, keeps = node.input[0], node.output[0], attribute(node, "keepdims", 1)
    axes = sorted(int(axis) % rank for axis in view.array(node.input[1]))
    maker = view.makers.get(source)
    if axes == [1, 2] and maker is not None and is_to_nhwc(maker) and not keeps:
        source, axes = maker.input[0], [2, 3]
    if axes != [2, 3]:
        return False
    if keeps:
        view.replace(node, helper.make_node("GlobalAveragePool", [source], [output]))
    else:
        pool = helper.make_node("GlobalAveragePool", [source], [f"{output}_pooled"])
        view.replace(node, pool, helper.make_node("Flatten", pool.output, [output], axis=1))
    return True


def convolve_norms(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace a batch norm that is folded into no convolution by a 1x1 convolution."""
    if len(view.shape(node.input[0])) != 4 or not set(node.input[1:]) <= set(view.constants):
        return False
    gain, bias, mean, variance = (view.array(n).astype(np.float64) for n in node.input[1:5])
    gain = gain / np.sqrt(variance + float(attribute(node, "epsilon", 1e-5)))
    names = view.add_weights(node.output[0], gain.reshape(-1, 1, 1, 1), bias - mean * gain)
    view.replace(node, helper.make_node(
        "Conv", [node.input[0], *names], node.output[:1], group=len(gain), kernel_shape=[1, 1]
    ))  # fmt: skip
    return True


def convolve_gains(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace a factor per channel by a 1x1 convolution, which `join_biases` can add a bias to."""
    data, *others = sorted(node.input, key=lambda name: name in view.constants)
    shape = view.shape(data)
    if len(shape) != 4 or data in view.constants or others[0] not in view.constants:
        return False
    gain = view.array(others[0])
    if gain.size != shape[1] or shape[1] < 2 or gain.shape[-3:] != (shape[1], 1, 1):
        return False
    name = view.add_constant(f"{node.output[0]}_gain", gain.reshape(-1, 1, 1, 1))
    view.replace(node, helper.make_node(
        "Conv", [data, name], node.output, group=shape[1], kernel_shape=[1, 1]
    ))  # fmt: skip
    return True


def join_gains(view: GraphView, node: onnx.NodeProto) -> bool:
    """Fold a depthwise 1x1 convolution into the convolution whose only reader it is."""
    first = view.makers.get(node.input[0])
    if first is None or first.op_type != "Conv" or view.only_reader(first.output[0]) is None:
        return False
    if not _is_gain(view, node) or not view.has_constant_weights(first):
        return False
    weight, bias = view.weights(first)
    gain, shift = view.weights(node)
    if len(gain) != len(weight) or bias.shape != shift.shape:
        return False
    output = node.output[0]
    names = view.add_weights(output, weight * gain, bias * gain.ravel() + shift)
    first.input[:], first.output[0] = [first.input[0], *names], output
    view.replace(node)
    return True


def join_biases(view: GraphView, node: onnx.NodeProto) -> bool:
    """Fold an added constant per channel into the convolution whose only reader the Add is."""
    maker, *others = sorted(node.input, key=lambda name: name in view.constants)
    first = view.makers.get(maker)
    if first is None or first.op_type != "Conv" or others[0] not in view.constants:
        return False
    if view.only_reader(maker) is None or not view.has_constant_weights(first):
        return False
    _, bias = view.weights(first)
    added = view.array(others[0])
    if added.shape[-3:] != (len(bias), 1, 1) or added.size != len(bias):
        return False
    total = (bias + added.ravel()).astype(np.float32)
    inputs = [*first.input[:2], view.add_constant(f"{node.output[0]}_bias", total)]
    first.input[:], first.output[0] = inputs, node.output[0]
    view.replace(node)
    return True


def flatten_before(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace a convolution of a 1x1 picture that is flattened afterwards by Flatten and Gemm."""
    reader, shape = view.only_reader(node.output[0]), view.shape(node.input[0])
    if reader is None or reader.op_type not in ("Reshape", "Flatten") or shape[2:] != [1, 1]:
        return False
    if len(view.shape(reader.output[0])) != 2 or not view.has_constant_weights(node):
        return False
    weight, bias = view.weights(node)
    if weight.shape[1:] != (shape[1], 1, 1) or any(attribute(node, "pads", [])):
        return False
    output, flat = reader.output[0], f"{reader.output[0]}_flat"
    names = view.add_weights(output, weight.reshape(len(weight), -1), bias)
    view.replace(reader, helper.make_node("Gemm", [flat, *names], [output], transB=1))
    view.replace(node, helper.make_node("Flatten", node.input[:1], [flat], axis=1))
    return True


def _is_gain(view: GraphView, node: onnx.NodeProto) -> bool:
    """Return whether a Conv only scales and shifts each channel: depthwise, 1x1, unpadded."""
    if not view.has_constant_weights(node) or any(attribute(node, "pads", [])):
        return False
    channels = attribute(node, "group", 1)
    is_single = list(view.constants[node.input[1]].dims) == [channels, 1, 1, 1]
    return is_single and set(attribute(node, "strides", [1])) == {1}


def add_and_multiply(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace Sub and Div of a constant by Add and Mul, which other rules fold away."""
    if node.input[0] in view.constants or node.input[1] not in view.constants:
        return False
    values = view.array(node.input[1])
    if values.dtype != np.float32 or (node.op_type == "Div" and not values.all()):
        return False
    other = -values if node.op_type == "Sub" else 1 / values
    name = view.add_constant(f"{node.output[0]}_operand", other)
    kind = "Add" if node.op_type == "Sub" else "Mul"
    view.replace(node, helper.make_node(kind, [node.input[0], name], node.output))
    return True


def merge_pads(view: GraphView, node: onnx.NodeProto) -> bool:
    """Fold a Pad with zeros into the convolution that reads it."""
    conv = view.only_reader(node.output[0])
    if conv is None or conv.op_type != "Conv" or not _pads_zeros(view, node):
        return False
    if attribute(conv, "auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        return False
    before, after = np.split(view.array(node.input[1]), 2)
    own = attribute(conv, "pads", [0, 0, 0, 0])
    if len(before) != 4 or before[:2].any() or after[:2].any() or len(own) != 4:
        return False
    pads = [int(a + b) for a, b in zip([*before[2:], *after[2:]], own, strict=True)]
    kept = [a for a in conv.attribute if a.name not in ("pads", "auto_pad")]
    refill(conv.attribute, [*kept, helper.make_attribute("pads", pads)])
    view.redirect_readers(node.output[0], node.input[0])
    view.replace(node)
    return True


def _pads_zeros(view: GraphView, node: onnx.NodeProto) -> bool:
    """Return whether a Pad adds constant counts of zeros, none of them negative, on every axis."""
    value = node.input[2] if len(node.input) > 2 else ""
    is_zero = not value or (value in view.constants and not view.array(value).any())
    has_axes = len(node.input) > 3 and bool(node.input[3])
    is_constant = len(node.input) > 1 and node.input[1] in view.constants
    return (
        is_zero
        and is_constant
        and not has_axes
        and attribute(node, "mode", b"constant") == b"constant"
        and bool((view.array(node.input[1]) >= 0).all())
    )


def name_dense(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace MatMul with a constant matrix by Gemm with a bias of zeros."""
    weight = view.constants.get(node.input[1])
    if len(view.shape(node.input[0])) != 2 or weight is None or len(weight.dims) != 2:
        return False
    zeros = np.zeros(weight.dims[1], np.float32)
    bias = view.add_constant(f"{node.output[0]}_bias", zeros)
    view.replace(node, helper.make_node("Gemm", [*node.input, bias], node.output))
    return True


def join_score(view: GraphView, node: onnx.NodeProto) -> bool:
    """Fold a dense layer that reads a single number into the dense layer that gives it."""
    first = view.makers.get(node.input[0])
    if first is None or first.op_type != "Gemm" or view.only_reader(first.output[0]) is None:
        return False
    inner, outer = _dense(view, first), _dense(view, node)
    if inner is None or outer is None or len(inner[0]) != 1:
        return False
    weight, bias = outer[0] @ inner[0], outer[0] @ inner[1] + outer[1]
    names = view.add_weights(node.output[0], weight, bias)
    view.replace(first)
    view.replace(node, helper.make_node("Gemm", [first.input[0], *names], node.output, transB=1))
    return True


def _dense(view: GraphView, node: onnx.NodeProto) -> tuple[np.ndarray, np.ndarray] | None:
    """Return weight (out, in) and bias (out,) of a Gemm; None unless it is a plain dense layer."""
    is_plain = (
        len(node.input) == 3
        and set(node.input[1:]) <= set(view.constants)
        and not attribute(node, "transA", 0)
        and attribute(node, "alpha", 1.0) == attribute(node, "beta", 1.0) == 1
    )
    if not is_plain:
        return None
    weight, bias = view.weights(node)
    weight = weight if attribute(node, "transB", 0) else weight.T
    return weight, np.broadcast_to(bias.ravel(), len(weight))
