"""Helpers for reading and changing ONNX graphs: the only ones in the exporter."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

Constants = dict[str, np.ndarray]


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a deep copy of a model."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def refill(field: Any, items: Iterable[Any]) -> None:
    """Replace the items of a repeated protobuf field, such as `graph.node`."""
    kept = list(items)  # before the field is cleared: `items` may read it
    del field[:]
    field.extend(kept)


def makers_of(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Return the node that computes each tensor, by the tensor's name."""
    return {output: node for node in graph.node for output in node.output}


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return the value of a node's attribute.

    Args:
        node: The node.
        name: The attribute's name; a text attribute is returned as bytes.
        default: Returned where the node does not have the attribute.
    """
    found = (helper.get_attribute_value(a) for a in node.attribute if a.name == name)
    return next(found, default)


def constants_of(graph: onnx.GraphProto) -> Constants:
    """Return a graph's constants (its initializers) by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def with_constants(model: onnx.ModelProto, new: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """Return a copy of a model in which some constants have other values, by name."""
    changed = copied(model)
    for tensor in changed.graph.initializer:
        if tensor.name in new:
            values = np.ascontiguousarray(new[tensor.name])
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return changed


def add_constant(graph: onnx.GraphProto, name: str, values: np.ndarray) -> str:
    """Add a constant to a graph.

    Args:
        graph: Changed in place.
        name: Must not be taken.
        values: Of any shape and type.

    Returns:
        The name, for use as a node's input.
    """
    graph.initializer.append(numpy_helper.from_array(values, name))
    return name


def drop_unused_constants(graph: onnx.GraphProto) -> None:
    """Remove the constants that no node reads."""
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)


def rename_tensors(nodes: Iterable[onnx.NodeProto], names: Mapping[str, str]) -> None:
    """Rename tensors, old name to new, wherever these nodes read or compute them."""
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
