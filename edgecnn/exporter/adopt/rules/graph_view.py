"""A graph whose tensors are looked up by name: what the simplification rules read and change."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import onnx
from onnx import numpy_helper

from edgecnn.exporter.graph.editing import (
    add_constant,
    attribute,
    makers_of,
    refill,
    rename_tensors,
)

TO_NHWC = [0, 2, 3, 1]


class GraphView:
    """A graph with its tensors looked up by name; outdated once the graph has changed."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self.makers = makers_of(self.graph)
        self._readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.graph.node:
            for name in node.input:
                self._readers[name].append(node)
        self.outputs = {value.name for value in self.graph.output}
        self._shapes = {
            value.name: value.type.tensor_type.shape.dim
            for value in [*self.graph.input, *self.graph.value_info, *self.graph.output]
        }

    def nodes(self, kind: str) -> Iterator[onnx.NodeProto]:
        """Yield the nodes of one operator type, in order."""
        return (node for node in list(self.graph.node) if node.op_type == kind)

    def shape(self, name: str) -> list[int]:
        """Return the shape of a tensor, 0 for an open dimension; empty if it is unknown."""
        return [dim.dim_value for dim in self._shapes.get(name, ())]

    def array(self, name: str) -> np.ndarray:
        """Return the values of a constant."""
        return numpy_helper.to_array(self.constants[name])

    def has_constant_weights(self, node: onnx.NodeProto) -> bool:
        """Return whether weight and bias of a layer are constants, with a bias per output."""
        if not set(node.input[1:]) <= set(self.constants):
            return False
        weight, bias = self.weights(node)
        return weight.ndim >= 2 and bias.shape == weight.shape[:1]

    def weights(self, node: onnx.NodeProto) -> tuple[np.ndarray, np.ndarray]:
        """Return weight (out, in, ...) and bias (out,) of a layer, in double precision."""
        weight = self.array(node.input[1]).astype(np.float64)
        if len(node.input) < 3:
            return weight, np.zeros(len(weight))
        return weight, self.array(node.input[2]).astype(np.float64)

    def only_reader(self, name: str) -> onnx.NodeProto | None:
        """Return the only reader of a tensor; None if there are more, or it is a graph output."""
        readers = self._readers[name]
        return readers[0] if len(readers) == 1 and name not in self.outputs else None

    def add_constant(self, name: str, values: np.ndarray) -> str:
        """Add a constant, `_` appended to its name while that is taken; return the name."""
        while name in self.constants or name in self.makers:
            name += "_"
        return add_constant(self.graph, name, np.ascontiguousarray(values))

    def add_weights(self, layer: str, weight: np.ndarray, bias: np.ndarray) -> list[str]:
        """Add the float32 weight and bias of a new layer.

        Args:
            layer: Beginning of their names.
            weight: (out, in, ...)
            bias: (out,)

        Returns:
            Their names.
        """
        return [
            self.add_constant(f"{layer}_weight", weight.astype(np.float32)),
            self.add_constant(f"{layer}_bias", bias.astype(np.float32)),
        ]

    def redirect_readers(self, old: str, new: str) -> None:
        """Let every reader of one tensor read another."""
        rename_tensors(self._readers[old], {old: new})

    def replace(self, node: onnx.NodeProto, *others: onnx.NodeProto) -> None:
        """Put other nodes in the place of one; without others, remove it."""
        nodes = list(self.graph.node)
        place = nodes.index(node)
        refill(self.graph.node, [*nodes[:place], *others, *nodes[place + 1 :]])


def is_to_nhwc(node: onnx.NodeProto) -> bool:
    """Return whether a node transposes (N, C, H, W) to (N, H, W, C)."""
    return node.op_type == "Transpose" and [*attribute(node, "perm", [])] == TO_NHWC
