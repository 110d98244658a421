"""Graphs of small networks as other exporters write them: a few kB each, without those exporters.

A network is a list of layers: convolutions with ReLU, `pools` of which are followed by 2x2 max
pooling, then dense layers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.graph.editing import constants_of

OPSET = 20


@dataclass(frozen=True)
class Layer:
    """Weight (out, in, k, k) or (out, in), and bias (out,)."""

    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Network:
    """What a graph computes: (n, c, h, w) in 0..1 -> (n, classes) logits."""

    layers: list[Layer]
    pools: tuple[int, ...]
    size: int

    @property
    def channels(self) -> int:
        return int(self.layers[0].weight.shape[1])

    @property
    def classes(self) -> int:
        return len(self.layers[-1].bias)


def random_network(
    channels: int = 1, size: int = 8, widths: tuple[int, ...] = (4, 4), classes: int = 3
) -> Network:
    """Return a network of 3x3 convolutions that shrink, 2x2 pooling after the first, two dense."""
    random = np.random.default_rng(0)

    def layer(*shape: int) -> Layer:
        scale = np.sqrt(2 / np.prod(shape[1:]))
        weight = random.normal(0, scale, shape).astype(np.float32)
        return Layer(weight, random.normal(0, 0.1, shape[0]).astype(np.float32))

    layers, depth = [], channels
    for width in widths:
        layers.append(layer(width, depth, 3, 3))
        depth = width
    side = (size - 2) // 2 - 2 * (len(widths) - 1)
    layers += [layer(8, depth * side * side), layer(classes, 8)]
    return Network(layers, (0,), size)


def network_of(core: onnx.ModelProto, size: int) -> Network:
    """Return the network in a plain graph of the `article` architecture."""
    constants = constants_of(core.graph)
    layers = [
        Layer(*(constants[name] for name in node.input[1:]))
        for node in core.graph.node
        if node.op_type in ("Conv", "Gemm")
    ]
    return Network(layers, (0, 1), size)


class Writer:
    """A chain of nodes: each reads the output of the one before it."""

    def __init__(self, first: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.last = first

    def add(self, kind: str, *constants: np.ndarray, **attributes: Any) -> "Writer":
        """Add a node whose further inputs are constants."""
        place = f"/{kind}_{len(self.nodes)}"
        names = [f"{place}_c{i}" for i in range(len(constants))]
        self.constants += map(numpy_helper.from_array, constants, names)
        inputs, self.last = [self.last, *names], f"{place}_output_0"
        self.nodes.append(helper.make_node(kind, inputs, [self.last], place, **attributes))
        return self

    def model(
        self,
        name: str,
        shape: list[int | str],
        classes: int,
        *,
        element: int = TensorProto.FLOAT,
        opset: int = OPSET,
        ir: int = 9,
    ) -> onnx.ModelProto:
        """Return the graph from this input to the output of the last node."""
        output = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, [shape[0], classes])
        inputs = [helper.make_tensor_value_info(name, element, shape)]
        graph = helper.make_graph(self.nodes, "main_graph", inputs, [output], self.constants)
        opsets = [helper.make_opsetid("", opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=ir, producer_name="other")


def as_keras(network: Network) -> onnx.ModelProto:
    """Write it as `keras.Model.export` (3.15, torch backend) does: NHWC, Casts, separate biases."""
    size, f32 = network.size, {"to": TensorProto.FLOAT}
    writer = Writer("keras_tensor").add("Cast", **f32).add("Cast", **f32).add("Cast", **f32)
    convolutions = [layer for layer in network.layers if layer.weight.ndim == 4]
    for i, layer in enumerate(convolutions):
        writer.add("Transpose", perm=[0, 3, 1, 2])
        writer.add("Conv", layer.weight, dilations=[1, 1], group=1, kernel_shape=[3, 3],
                   pads=[0, 0, 0, 0], strides=[1, 1])  # fmt: skip
        writer.add("Transpose", perm=[0, 2, 3, 1]).add("Cast", **f32)
        writer.add("Add", layer.bias.reshape(1, 1, 1, -1)).add("Cast", **f32).add("Cast", **f32)
        writer.add("Relu")
        if i in network.pools:
            writer.add("Cast", **f32).add("Transpose", perm=[0, 3, 1, 2])
            writer.add("MaxPool", ceil_mode=0, dilations=[1, 1], kernel_shape=[2, 2],
                       pads=[0, 0, 0, 0], strides=[2, 2])  # fmt: skip
            writer.add("Cast", **f32).add("Transpose", perm=[0, 2, 3, 1]).add("Cast", **f32)
    _keras_flatten(writer)
    for i, layer in enumerate(network.layers[len(convolutions) :]):
        weight = layer.weight
        if i == 0:  # Keras flattens (height, width, channels)
            channels = len(convolutions[-1].bias)
            side = int(np.sqrt(weight.shape[1] // channels))
            weight = weight.reshape(-1, channels, side, side).transpose(0, 2, 3, 1)
            weight = weight.reshape(len(layer.bias), -1)
        writer.add("Cast", **f32).add("MatMul", np.ascontiguousarray(weight.T))
        writer.add("Cast", **f32).add("Add", layer.bias).add("Cast", **f32)
        if layer is not network.layers[-1]:
            writer.add("Cast", **f32).add("Relu")
    writer.add("Softmax", axis=-1)
    return writer.model("keras_tensor", ["batch", size, size, network.channels], network.classes)


def _keras_flatten(writer: Writer) -> None:
    """Flatten by a shape that is computed: Shape, Gather, Unsqueeze, Concat, Reshape."""
    picture = writer.last
    writer.add("Shape").add("Gather", np.array(0), axis=0).add("Unsqueeze", np.array([0]))
    writer.add("Concat", np.array([-1]), axis=0)
    shape, writer.last = writer.last, picture
    writer.add("Cast", to=TensorProto.FLOAT)
    cast, writer.last = writer.last, "/Reshape_output_0"
    writer.nodes.append(helper.make_node("Reshape", [cast, shape], [writer.last], "/Reshape"))


def plain(network: Network, *, head: str = "", first: str = "input") -> Writer:
    """Write it as torch does, up to the last node, of type `head`, such as Softmax."""
    writer = Writer(first)
    for i, layer in enumerate(network.layers):
        if layer.weight.ndim == 2:
            break
        writer.add("Conv", layer.weight, layer.bias, kernel_shape=[3, 3]).add("Relu")
        if i in network.pools:
            writer.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    writer.add("Flatten")
    for layer in network.layers:
        if layer.weight.ndim == 2:
            writer.add("Gemm", layer.weight, layer.bias, transB=1)
            if layer is not network.layers[-1]:
                writer.add("Relu")
    return writer.add(head, axis=1) if head else writer


def as_torch(
    network: Network, *, head: str = "", batch: int | str = "N", opset: int = OPSET
) -> onnx.ModelProto:
    """Write it as `torch.onnx.export` does: NCHW, float."""
    shape: list[int | str] = [batch, network.channels, network.size, network.size]
    return plain(network, head=head).model("input", shape, network.classes, opset=opset)


def as_old(network: Network) -> onnx.ModelProto:
    """Write it with opset 9 and IR 3: every constant is listed as an input too."""
    shape: list[int | str] = [1, network.channels, network.size, network.size]
    model = plain(network, head="Softmax").model("data", shape, network.classes, opset=9, ir=3)
    model.graph.node[0].input[0] = "data"
    for tensor in model.graph.initializer:
        value = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        model.graph.input.append(value)
    return model


def with_uint8_input(network: Network) -> onnx.ModelProto:
    """Write it with uint8 pixels as input, which the graph scales."""
    writer = Writer("pixels").add("Cast", to=TensorProto.FLOAT)
    writer.add("Mul", np.array(1 / 255, np.float32))
    rest = plain(network, first=writer.last)
    for node in rest.nodes:
        node.input[1:] = [f"net{name}" for name in node.input[1:]]
    for tensor in rest.constants:
        tensor.name = f"net{tensor.name}"
    front = writer.nodes
    for i, node in enumerate(rest.nodes):
        node.name = f"net{i}"
        node.output[0] = f"net{node.output[0]}"
        node.input[0] = node.input[0] if i == 0 else f"net{node.input[0]}"
    writer.nodes = front + rest.nodes
    writer.constants += rest.constants
    writer.last = rest.nodes[-1].output[0]
    shape: list[int | str] = ["N", network.channels, network.size, network.size]
    return writer.model("pixels", shape, network.classes, element=TensorProto.UINT8)


def as_half(model: onnx.ModelProto, *, keep_io: bool) -> onnx.ModelProto:
    """Write it with 16-bit floats, as the usual converters do.

    Args:
        model: A graph of 32-bit floats.
        keep_io: Leave input and output 32-bit floats, and cast behind and before them.
    """
    half = onnx.ModelProto()
    half.CopyFrom(model)
    graph = half.graph
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), tensor.name))
    first, last = graph.input[0], graph.output[0]
    if not keep_io:
        for value in (first, last):
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
        return half
    for node in graph.node:
        node.input[:] = ["first" if name == first.name else name for name in node.input]
        node.output[:] = ["last" if name == last.name else name for name in node.output]
    graph.node.insert(0, helper.make_node("Cast", [first.name], ["first"], to=TensorProto.FLOAT16))
    graph.node.append(helper.make_node("Cast", ["last"], [last.name], to=TensorProto.FLOAT))
    return half


def as_cntk(weights: list[np.ndarray]) -> onnx.ModelProto:
    """Write CNTK's network of the ONNX zoo's MNIST: SAME padding, separate biases, opset 8.

    Constants are inputs too, and the matrix of the dense layer is reshaped in the graph.

    Args:
        weights: (8, 1, 5, 5), (8, 1, 1), (16, 8, 5, 5), (16, 1, 1), (16, 4, 4, 10), (1, 10).
    """
    same = {"kernel_shape": [5, 5], "strides": [1, 1], "auto_pad": "SAME_UPPER", "group": 1,
            "dilations": [1, 1]}  # fmt: skip
    writer = Writer("Input3")
    for i, side in ((0, 2), (2, 3)):
        writer.add("Conv", weights[i], **same).add("Add", weights[i + 1]).add("Relu")
        writer.add("MaxPool", kernel_shape=[side, side], strides=[side, side], pads=[0] * 4,
                   auto_pad="NOTSET")  # fmt: skip
    writer.add("Reshape", np.array([1, 256]))
    rows, writer.last = writer.last, "Parameter193"
    writer.constants.append(numpy_helper.from_array(weights[4], writer.last))
    writer.add("Reshape", np.array([256, 10]))
    writer.nodes.append(helper.make_node("MatMul", [rows, writer.last], ["Times212"]))
    writer.last = "Times212"
    writer.add("Add", weights[5])
    model = writer.model("Input3", [1, 1, 28, 28], 10, opset=8, ir=3)
    for tensor in model.graph.initializer:
        value = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        model.graph.input.append(value)
    return model


def as_tensorflow(weights: list[np.ndarray], size: int) -> onnx.ModelProto:
    """Write a network as tf2onnx does: NHWC, SAME padding that is uneven where the stride is 2.

    Args:
        weights: (8, 3, 3, 3), (8,), depthwise (8, 1, 3, 3), (8,), (8, 5), (5,).
        size: Height and width of the input, pixels; the batch is open, as -1.
    """
    same = {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}
    writer = Writer("input_1:0").add("Transpose", perm=[0, 3, 1, 2])
    writer.add("Conv", *weights[:2], **same)
    writer.add("Clip", np.array(0, np.float32), np.array(6, np.float32))
    writer.add("Conv", *weights[2:4], **same, group=8)
    writer.add("Clip", np.array(0, np.float32), np.array(6, np.float32))
    writer.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER")
    writer.add("GlobalAveragePool").add("Squeeze", np.array([2, 3]))
    writer.add("MatMul", weights[4]).add("Add", weights[5]).add("Softmax", axis=1)
    return writer.model("input_1:0", [-1, size, size, 3], 5, opset=13, ir=7)
