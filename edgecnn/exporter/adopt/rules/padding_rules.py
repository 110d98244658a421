"""Rules about padding: what a window layer leaves out or lets the runtime compute becomes explicit.

Keras, TensorFlow and CNTK export `auto_pad`; a kernel's size may be left to its weight. Everything
after these rules reads `kernel_shape` and `pads` alone.
"""

import onnx
from onnx import helper

from edgecnn.exporter.adopt.rules.graph_view import GraphView
from edgecnn.exporter.graph.editing import attribute, refill

SAME = (b"SAME_UPPER", b"SAME_LOWER")


def state_kernel_shape(view: GraphView, node: onnx.NodeProto) -> bool:
    """Write the kernel's size of a convolution, which may be left to the shape of its weight."""
    if attribute(node, "kernel_shape", None) or node.input[1] not in view.constants:
        return False
    sides = list(view.constants[node.input[1]].dims)[2:]
    node.attribute.append(helper.make_attribute("kernel_shape", sides))
    return True


def state_padding(view: GraphView, node: onnx.NodeProto) -> bool:
    """Replace `auto_pad` of a convolution or pooling layer by the pads that it stands for.

    Source: ONNX operator specification, Conv: SAME gives ceil(input / stride) outputs; where the
    padding is odd, SAME_UPPER adds the extra row at the end, SAME_LOWER at the beginning.
    """
    how = attribute(node, "auto_pad", b"")
    kernel = attribute(node, "kernel_shape", None)
    if not how or kernel is None:
        return False
    pads = attribute(node, "pads", [0] * 2 * len(kernel))
    if how in SAME:
        sides = view.shape(node.input[0])[2:]
        if len(sides) != len(kernel) or not all(sides):
            return False
        pads = _same_pads(node, sides, at_end=how == SAME[0])
    elif how == b"VALID":
        pads = [0] * 2 * len(kernel)
    kept = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
    refill(node.attribute, [*kept, helper.make_attribute("pads", pads)])
    return True


def _same_pads(node: onnx.NodeProto, sides: list[int], *, at_end: bool) -> list[int]:
    """Return the pads of SAME: all beginnings, then all ends."""
    kernel = attribute(node, "kernel_shape", None)
    strides = attribute(node, "strides", [1] * len(kernel))
    dilations = attribute(node, "dilations", [1] * len(kernel))
    begins, ends = [], []
    for side, size, stride, dilation in zip(sides, kernel, strides, dilations, strict=True):
        reach = (-(-side // stride) - 1) * stride + (size - 1) * dilation + 1
        whole = max(0, reach - side)
        half = whole // 2
        begins.append(half if at_end else whole - half)
        ends.append(whole - begins[-1])
    return begins + ends
