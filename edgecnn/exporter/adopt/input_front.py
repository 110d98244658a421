"""The front of a foreign graph: from `image`, 0..1 in the order of OpenCV, to what it wants."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.adopt.graph_view import TO_NHWC, View, attribute
from edgecnn.exporter.adopt.input_plan import Plan
from edgecnn.exporter.graph.plain_graph import IMAGE

NORMALIZED, GAIN, OFFSET = "normalized", "normalized_gain", "normalized_offset"


def put_front(model: onnx.ModelProto, plan: Plan) -> None:
    """Let the graph read `image`, (1, C, H, W): normalize by a 1x1 convolution, then its layout.

    One convolution does the order of the channels, the scale and the normalization: in int8 it is
    integer arithmetic like the rest, and its padding, which comes later, is exact.
    """
    graph = model.graph
    name_inside = graph.input[0].name
    shape = [plan.batch or 1, plan.channels, plan.height, plan.width]
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(IMAGE, TensorProto.FLOAT, shape))
    gain = np.zeros((plan.channels, plan.channels, 1, 1))
    gain[range(plan.channels), list(plan.order), 0, 0] = 255 * np.array(plan.gain)
    for name, values in ((GAIN, gain), (OFFSET, np.array(plan.offset))):
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
    last = f"{NORMALIZED}_nchw" if plan.nhwc else name_inside
    front = [helper.make_node("Conv", [IMAGE, GAIN, OFFSET], [last], NORMALIZED,
                              kernel_shape=[1, 1])]  # fmt: skip
    if plan.nhwc:
        front.append(helper.make_node("Transpose", [last], [name_inside], "layout", perm=TO_NHWC))
    nodes = [*front, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def fold_front(model: onnx.ModelProto) -> bool:
    """Fold the first 1x1 convolution into the next one, or leave it out, where that is exact.

    Padding adds zeros behind the normalization. With an offset they would be other zeros before it.
    """
    view = View(model)
    first = next((node for node in view.graph.node if IMAGE in node.input), None)
    if first is None or not _is_pointwise(view, first) or attribute(first, "group", 1) != 1:
        return False
    weight, bias = view.weights(first)
    if np.array_equal(weight[:, :, 0, 0], np.eye(*weight.shape[:2])) and not bias.any():
        view.reread(first.output[0], IMAGE)
        view.replace(first)
        return True
    second = view.user(first.output[0])
    if second is None or not _takes(view, second, padded=bool(bias.any())):
        return False
    inner, own = view.weights(second)
    merged = np.einsum("oikl,ic->ockl", inner, weight[:, :, 0, 0])
    shifted = own + np.einsum("oikl,i->o", inner, bias)
    second.input[:] = [
        IMAGE,
        view.add_constant(f"{second.output[0]}_weight", merged.astype(np.float32)),
        view.add_constant(f"{second.output[0]}_bias", shifted.astype(np.float32)),
    ]
    view.replace(first)
    return True


def is_normalized_apart(model: onnx.ModelProto) -> bool:
    """Tell whether the first layer is still a 1x1 convolution of the channels."""
    view = View(model)
    return any(_is_pointwise(view, node) for node in view.graph.node if IMAGE in node.input)


def _is_pointwise(view: View, node: onnx.NodeProto) -> bool:
    return (
        node.op_type == "Conv"
        and view.has_constant_weights(node)
        and list(view.array(node.input[1]).shape) == [*view.shape(IMAGE)[1:2] * 2, 1, 1]
        and set(attribute(node, "strides", [1])) == {1}
        and not _is_padded(node)
        and view.user(node.output[0]) is not None
    )


def _takes(view: View, node: onnx.NodeProto, *, padded: bool) -> bool:
    """Tell whether a layer is a convolution that can take a normalization in, exactly."""
    return (
        node.op_type == "Conv"
        and attribute(node, "group", 1) == 1
        and view.has_constant_weights(node)
        and not (padded and _is_padded(node))
    )


def _is_padded(node: onnx.NodeProto) -> bool:
    given = attribute(node, "auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER")
    return given or any(attribute(node, "pads", []))
