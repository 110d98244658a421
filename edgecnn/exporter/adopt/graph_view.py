"""A graph whose values are looked up by name."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgecnn.exporter.graph.editing import makers_of

TO_NHWC = [0, 2, 3, 1]


class View:
    """A graph with its values looked up by name; valid until the graph changes."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self.makers = makers_of(self.graph)
        self._users: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.graph.node:
            for name in node.input:
                self._users[name].append(node)
        self.outputs = {value.name for value in self.graph.output}
        self._shapes = {
            value.name: value.type.tensor_type.shape.dim
            for value in [*self.graph.input, *self.graph.value_info, *self.graph.output]
        }

    def nodes(self, *kinds: str) -> Iterator[onnx.NodeProto]:
        """Yield the nodes of these kinds, in order."""
        return (node for node in list(self.graph.node) if node.op_type in kinds)

    def shape(self, name: str) -> list[int]:
        """Return the sizes of a value's dimensions, 0 where one is open; empty if unknown."""
        return [dim.dim_value for dim in self._shapes.get(name, ())]

    def array(self, name: str) -> np.ndarray:
        """Return a constant."""
        return numpy_helper.to_array(self.constants[name])

    def has_constant_weights(self, node: onnx.NodeProto) -> bool:
        """Tell whether the weight and bias of a layer are constants that fit each other."""
        if not set(node.input[1:]) <= set(self.constants):
            return False
        weight, bias = self.weights(node)
        return weight.ndim >= 2 and bias.shape == weight.shape[:1]

    def weights(self, node: onnx.NodeProto) -> tuple[np.ndarray, np.ndarray]:
        """Return the weight and bias of a convolution, in double precision."""
        weight = self.array(node.input[1]).astype(np.float64)
        if len(node.input) < 3:
            return weight, np.zeros(len(weight))
        return weight, self.array(node.input[2]).astype(np.float64)

    def user(self, name: str) -> onnx.NodeProto | None:
        """Return the only reader of a value; None if there are more, or the graph gives it out."""
        users = self._users[name]
        return users[0] if len(users) == 1 and name not in self.outputs else None

    def add_constant(self, name: str, values: np.ndarray) -> str:
        """Add a constant under a name that is not taken, and return the name."""
        while name in self.constants or name in self.makers:
            name += "_"
        tensor = numpy_helper.from_array(np.ascontiguousarray(values), name)
        self.graph.initializer.append(tensor)
        return name

    def reread(self, old: str, new: str) -> None:
        """Let every reader of one value read another."""
        for node in self._users[old]:
            node.input[:] = [new if name == old else name for name in node.input]

    def replace(self, node: onnx.NodeProto, *others: onnx.NodeProto) -> None:
        """Put other nodes in the place of one."""
        nodes = list(self.graph.node)
        place = nodes.index(node)
        nodes[place : place + 1] = others
        del self.graph.node[:]
        self.graph.node.extend(nodes)


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return the value of a node's attribute."""
    found = (helper.get_attribute_value(a) for a in node.attribute if a.name == name)
    return next(found, default)


def is_to_nhwc(node: onnx.NodeProto) -> bool:
    """Tell whether a node brings the channels of pictures to the end."""
    return node.op_type == "Transpose" and [*attribute(node, "perm", [])] == TO_NHWC
