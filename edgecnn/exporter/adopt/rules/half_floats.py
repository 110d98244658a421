"""16-bit floats become 32-bit ones: weights stay as they are, sums are rounded less."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.graph.editing import attribute, refill

HALF, SINGLE = TensorProto.FLOAT16, TensorProto.FLOAT


def widen(model: onnx.ModelProto) -> bool:
    """Let a graph hold and compute 32-bit floats where it had 16-bit ones; values stay the same.

    Returns:
        Whether it computed with 16-bit floats: its own output is then less exact than that of the
        changed graph. Weights that are only stored so do not count.
    """
    graph = model.graph
    values = [value.type.tensor_type for value in [*graph.input, *graph.output]]
    computed = any(value.elem_type == HALF for value in values)
    for value in values:
        if value.elem_type == HALF:
            value.elem_type = SINGLE
    for tensor in graph.initializer:
        _widen(tensor)
    for node in graph.node:
        for given in node.attribute:
            if given.HasField("t"):
                _widen(given.t)
        if node.op_type == "Cast" and attribute(node, "to", 0) == HALF:
            refill(node.attribute, [helper.make_attribute("to", SINGLE)])
            computed = True
    return computed


def _widen(tensor: onnx.TensorProto) -> None:
    """Change a tensor of 16-bit floats in place."""
    if tensor.data_type == HALF:
        values = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
