"""Refuses graphs that compute a shape, so that every frame takes the memory of the first.

A `Pad` whose width comes from the frame's pixels could take nothing for the golden frames and all
memory for another frame. The exporter writes such inputs as constants.

Source: onnx.proto for the field numbers, ONNX's operators for the inputs.
"""

from edgecnn.errors import ModelError
from edgecnn.model.graph_check import Outline
from edgecnn.model.protobuf import WireError, whole_message

# Field numbers of onnx.proto.
_GRAPH = 7
_NODES, _INITIALIZERS = 1, 5
_INPUTS, _OUTPUTS, _OP_TYPE = 1, 2, 4
_TENSOR_NAME = 8

_REDUCTIONS = ("ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2")
SHAPE_INPUTS = {
    "Pad": (1, 3),
    "Slice": (1, 2, 3, 4),
    **dict.fromkeys(("Reshape", "Split", "Squeeze", "Unsqueeze", *_REDUCTIONS), (1,)),
}
"""The inputs that decide the shape of the output, by operator."""


def refuse_computed_shapes(data: bytes, outline: Outline) -> None:
    """Raise ModelError if an operator of a model file takes a shape from another operator.

    Args:
        data: The bytes of the file.
        outline: What `outline_graph` says of them.
    """
    if SHAPE_INPUTS.keys().isdisjoint(outline.operators):
        return
    try:
        odd = _computed_shape(data)
    except WireError as error:
        raise ModelError(f"the graph is malformed: {error}", remedy="export it again") from error
    if odd:
        raise ModelError(
            f"the graph computes a shape: that of a {odd} depends on the frame",
            remedy="export the network with fixed shapes",
        )


def _computed_shape(data: bytes) -> str:
    """Return the first operator that takes a shape that is no constant; empty without one."""
    graph = whole_message(data).message(_GRAPH)
    if graph is None:
        return ""
    constants = {tensor.text(_TENSOR_NAME) for tensor in graph.messages(_INITIALIZERS)} | {""}
    for node in graph.messages(_NODES):
        kind = node.text(_OP_TYPE)
        if kind == "Constant":
            constants.update(node.texts(_OUTPUTS))
        elif kind in SHAPE_INPUTS:
            inputs = list(node.texts(_INPUTS))
            shapes = (inputs[i] for i in SHAPE_INPUTS[kind] if i < len(inputs))
            if not constants.issuperset(shapes):
                return kind
    return ""
