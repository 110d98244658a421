"""What keeps a graph from being merged into int8 kernels, and what ONNX Runtime does not remove.

Each rule changes a graph in place and tells whether it did; shapes must have been inferred.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

UNARY = ("Relu", "LeakyRelu", "Elu", "Selu", "Gelu", "Clip", "Sigmoid", "HardSigmoid",
         "HardSwish", "Tanh", "Softplus", "Erf", "Sqrt", "Exp", "Cast", "Identity")  # fmt: skip
BINARY = ("Add", "Sub", "Mul", "Div")
RESHAPING = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")
TO_NHWC = [0, 2, 3, 1]


class View:
    """A graph with its values looked up by name; valid until the graph changes."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self.makers = {name: node for node in self.graph.node for name in node.output}
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


def pool_means(model: onnx.ModelProto) -> bool:
    """Replace a mean over height and width by GlobalAveragePool, which has an int8 kernel."""
    view = View(model)
    for node in view.nodes("ReduceMean"):
        rank = len(view.shape(node.input[0]))
        if rank != 4 or len(node.input) < 2 or node.input[1] not in view.constants:
            continue
        if sorted(int(axis) % rank for axis in view.array(node.input[1])) != [2, 3]:
            continue
        output = node.output[0]
        if attribute(node, "keepdims", 1):
            view.replace(node, helper.make_node("GlobalAveragePool", node.input[:1], [output]))
        else:
            pool = helper.make_node("GlobalAveragePool", node.input[:1], [f"{output}_pooled"])
            view.replace(node, pool, helper.make_node("Flatten", pool.output, [output], axis=1))
        return True
    return False


def sink_transposes(model: onnx.ModelProto) -> bool:
    """Move a transpose behind the elementwise layer that reads it."""
    view = View(model)
    for node in view.nodes("Transpose"):
        user = view.user(node.output[0])
        if user is None or not _sinks(view, node, user):
            continue
        first, second = onnx.NodeProto(), onnx.NodeProto()
        first.CopyFrom(user)
        second.CopyFrom(node)
        _permute_constant(view, node, first)
        between = f"{user.output[0]}_before"
        first.input[:] = [node.input[0] if n == node.output[0] else n for n in first.input]
        first.output[0], second.input[0], second.output[0] = between, between, user.output[0]
        view.replace(node)
        view.replace(user, first, second)
        return True
    return False


def _sinks(view: View, node: onnx.NodeProto, user: onnx.NodeProto) -> bool:
    if user.op_type in UNARY:
        return all(name in view.constants for name in user.input[1:])
    others = [name for name in user.input if name != node.output[0]]
    return (
        user.op_type in BINARY
        and len(others) == 1
        and others[0] in view.constants
        and len(view.constants[others[0]].dims) <= len(_perm(node))
    )


def _permute_constant(view: View, node: onnx.NodeProto, user: onnx.NodeProto) -> None:
    """Give an elementwise layer its constant in the order that holds before the transpose."""
    if user.op_type not in BINARY:
        return
    perm = _perm(node)
    for i, name in enumerate(user.input):
        if name in view.constants and (values := view.array(name)).ndim:
            whole = values.reshape([1] * (len(perm) - values.ndim) + list(values.shape))
            user.input[i] = view.add_constant(name, whole.transpose(np.argsort(perm)))


def flatten_first(model: onnx.ModelProto) -> bool:
    """Flatten pictures without transposing them; the dense layer's weights are reordered."""
    view = View(model)
    for node in view.nodes("Transpose"):
        flat = view.user(node.output[0])
        dense = view.user(flat.output[0]) if flat is not None else None
        shape = view.shape(node.input[0])
        if flat is None or dense is None or len(shape) != 4 or 0 in shape[1:]:
            continue
        if _perm(node) != TO_NHWC or not _flattens(view, flat) or not _is_dense(view, dense):
            continue
        weight, across = view.array(dense.input[1]), bool(attribute(dense, "transB", 0))
        rows = weight.T if across else weight  # (height * width * channels, units)
        _, channels, height, width = shape
        rows = rows.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)
        rows = rows.reshape(weight.shape[1 if across else 0], -1)
        dense.input[1] = view.add_constant(dense.input[1], rows.T if across else rows)
        flat.input[0] = node.input[0]
        view.replace(node)
        return True
    return False


def _perm(node: onnx.NodeProto) -> list[int]:
    return [*attribute(node, "perm", [])]


def _flattens(view: View, node: onnx.NodeProto) -> bool:
    if node.op_type == "Flatten":
        return bool(attribute(node, "axis", 1) == 1)
    return node.op_type == "Reshape" and len(view.shape(node.output[0])) == 2


def _is_dense(view: View, node: onnx.NodeProto) -> bool:
    plain = node.op_type == "MatMul" or (
        node.op_type == "Gemm" and not attribute(node, "transA", 0)
    )
    return plain and node.input[1] in view.constants


def convolve_norms(model: onnx.ModelProto) -> bool:
    """Turn a batch norm that no convolution could take in into a 1x1 convolution of its own."""
    view = View(model)
    for node in view.nodes("BatchNormalization"):
        if len(view.shape(node.input[0])) != 4 or not set(node.input[1:]) <= set(view.constants):
            continue
        gain, bias, mean, variance = (view.array(n).astype(np.float64) for n in node.input[1:5])
        gain = gain / np.sqrt(variance + float(attribute(node, "epsilon", 1e-5)))
        names = [
            view.add_constant(f"{node.output[0]}_gain", gain.reshape(-1, 1, 1, 1).astype("f4")),
            view.add_constant(f"{node.output[0]}_bias", (bias - mean * gain).astype("f4")),
        ]
        view.replace(node, helper.make_node(
            "Conv", [node.input[0], *names], node.output[:1], group=len(gain), kernel_shape=[1, 1]
        ))  # fmt: skip
        return True
    return False


def convolve_gains(model: onnx.ModelProto) -> bool:
    """Turn a factor for each channel into a 1x1 convolution; a bias behind it joins it later."""
    view = View(model)
    for node in view.nodes("Mul"):
        data, *others = sorted(node.input, key=lambda name: name in view.constants)
        shape = view.shape(data)
        if len(shape) != 4 or data in view.constants or others[0] not in view.constants:
            continue
        gain = view.array(others[0])
        if gain.size != shape[1] or shape[1] < 2 or gain.shape[-3:] != (shape[1], 1, 1):
            continue
        name = view.add_constant(f"{node.output[0]}_gain", gain.reshape(-1, 1, 1, 1))
        view.replace(node, helper.make_node(
            "Conv", [data, name], node.output, group=shape[1], kernel_shape=[1, 1]
        ))  # fmt: skip
        return True
    return False


def merge_reshapes(model: onnx.ModelProto) -> bool:
    """Reshape once where a graph reshapes twice, and not at all where nothing changes."""
    view = View(model)
    for node in view.nodes("Reshape"):
        before, after = view.shape(node.input[0]), view.shape(node.output[0])
        if before and before == after and 0 not in after and node.output[0] not in view.outputs:
            view.reread(node.output[0], node.input[0])
            view.replace(node)
            return True
        maker = view.makers.get(node.input[0])
        if maker is None or maker.op_type not in RESHAPING or not after or 0 in after:
            continue
        node.input[:] = [
            maker.input[0],
            view.add_constant(f"{node.output[0]}_target", np.array(after, np.int64)),
        ]
        return True
    return False


def name_dense(model: onnx.ModelProto) -> bool:
    """Turn a product with a constant matrix into a dense layer, with a bias of zeros."""
    view = View(model)
    for node in view.nodes("MatMul"):
        weight = view.constants.get(node.input[1])
        if len(view.shape(node.input[0])) != 2 or weight is None or len(weight.dims) != 2:
            continue
        zeros = np.zeros(weight.dims[1], np.float32)
        bias = view.add_constant(f"{node.output[0]}_bias", zeros)
        view.replace(node, helper.make_node("Gemm", [*node.input, bias], node.output))
        return True
    return False


RULES = (
    pool_means,
    sink_transposes,
    flatten_first,
    convolve_norms,
    convolve_gains,
    merge_reshapes,
    name_dense,
)
