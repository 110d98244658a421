"""Input normalization of an external graph: from `image`, BGR in 0..1, to its original input."""

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgecnn.exporter.adopt.input_plan import Plan
from edgecnn.exporter.adopt.rules.graph_view import TO_NHWC, GraphView
from edgecnn.exporter.graph.editing import add_constant, attribute, refill
from edgecnn.exporter.graph.plain_graph import IMAGE

NORMALIZED, GAIN, OFFSET = "normalized", "normalized_gain", "normalized_offset"


def add_input_normalization(model: onnx.ModelProto, plan: Plan) -> None:
    """Let the graph read `image` (1, C, H, W): put a 1x1 convolution, then its layout, before it.

    The convolution orders the channels, scales and normalizes: in int8 that is integer arithmetic
    like the rest, and the padding of the first layer, which comes later, stays exact.
    """
    graph = model.graph
    original = graph.input[0].name
    shape = [plan.batch or 1, plan.channels, plan.height, plan.width]
    refill(graph.input, [helper.make_tensor_value_info(IMAGE, TensorProto.FLOAT, shape)])
    gain = np.zeros((plan.channels, plan.channels, 1, 1))
    gain[range(plan.channels), list(plan.order), 0, 0] = 255 * np.array(plan.gain)
    for name, values in ((GAIN, gain), (OFFSET, np.array(plan.offset))):
        add_constant(graph, name, values.astype(np.float32))
    last = f"{NORMALIZED}_nchw" if plan.nhwc else original
    nodes = [helper.make_node("Conv", [IMAGE, GAIN, OFFSET], [last], NORMALIZED,
                              kernel_shape=[1, 1])]  # fmt: skip
    if plan.nhwc:
        nodes.append(helper.make_node("Transpose", [last], [original], "layout", perm=TO_NHWC))
    refill(graph.node, [*nodes, *graph.node])


def fold_input_normalization(view: GraphView, node: onnx.NodeProto) -> bool:
    """Fold the normalization, a 1x1 Conv, into the next Conv, or remove it, where that is exact.

    It is not exact if the next one is padded and the normalization has an offset: padding adds
    zeros behind the normalization, which are not zero before it.

    Returns:
        Whether the graph was changed.
    """
    if IMAGE not in node.input or not _is_pointwise(view, node) or attribute(node, "group", 1) != 1:
        return False
    weight, bias = view.weights(node)
    if np.array_equal(weight[:, :, 0, 0], np.eye(*weight.shape[:2])) and not bias.any():
        view.redirect_readers(node.output[0], IMAGE)
        view.replace(node)
        return True
    second = view.only_reader(node.output[0])
    if second is None or not _can_fold_into(view, second, has_offset=bool(bias.any())):
        return False
    next_weight, next_bias = view.weights(second)
    merged = np.einsum("oikl,ic->ockl", next_weight, weight[:, :, 0, 0])
    shifted = next_bias + np.einsum("oikl,i->o", next_weight, bias)
    second.input[:] = [IMAGE, *view.add_weights(second.output[0], merged, shifted)]
    view.replace(node)
    return True


def is_normalized_apart(model: onnx.ModelProto) -> bool:
    """Return whether the normalization is still a 1x1 convolution of its own."""
    view = GraphView(model)
    return any(_is_pointwise(view, node) for node in view.graph.node if IMAGE in node.input)


def _is_pointwise(view: GraphView, node: onnx.NodeProto) -> bool:
    """Return whether a node is a 1x1 convolution of the image to as many channels."""
    return (
        node.op_type == "Conv"
        and view.has_constant_weights(node)
        and list(view.array(node.input[1]).shape) == [*view.shape(IMAGE)[1:2] * 2, 1, 1]
        and set(attribute(node, "strides", [1])) == {1}
        and not _is_padded(node)
        and view.only_reader(node.output[0]) is not None
    )


def _can_fold_into(view: GraphView, node: onnx.NodeProto, *, has_offset: bool) -> bool:
    """Return whether a node is a convolution that the normalization can be folded into exactly."""
    return (
        node.op_type == "Conv"
        and attribute(node, "group", 1) == 1
        and view.has_constant_weights(node)
        and not (has_offset and _is_padded(node))
    )


def _is_padded(node: onnx.NodeProto) -> bool:
    is_automatic = attribute(node, "auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER")
    return is_automatic or any(attribute(node, "pads", []))
