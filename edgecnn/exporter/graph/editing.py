"""What every change of an ONNX graph needs: copies, nodes and constants by name."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper

Constants = dict[str, np.ndarray]


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a deep copy of a model."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def makers_of(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Return the node that makes each tensor, by the tensor's name."""
    return {output: node for node in graph.node for output in node.output}


def constants_of(graph: onnx.GraphProto) -> Constants:
    """Return a graph's constants by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def with_constants(model: onnx.ModelProto, new: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """Return a copy of a model in which some constants have other values, by name."""
    changed = copied(model)
    for tensor in changed.graph.initializer:
        if tensor.name in new:
            values = np.ascontiguousarray(new[tensor.name])
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return changed
