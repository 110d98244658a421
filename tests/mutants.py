"""Mutants of model files: bytes changed, or the graph changed through the onnx package."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto, helper

from edgecnn.exporter.graph.editing import refill

Random = np.random.Generator
HUGE = (-1, 0, 1, 7, 2**16, 2**31 - 1, 2**31, 2**40, 2**62, -(2**62))


def raw(data: bytes, random: Random) -> bytes:
    """Change bytes: flip, cut, insert, repeat, fill."""
    content = bytearray(data)
    for _ in range(random.integers(1, 5)):
        start = int(random.integers(len(content)))
        length = int(random.integers(1, 32))
        kind = random.integers(6)
        if kind < 3:
            content[start] ^= int(random.integers(1, 256))
        elif kind == 3:
            del content[start : start + length]
        elif kind == 4:
            content[start:start] = random.bytes(length)
        else:
            content[start : start + length] = bytes([int(random.choice([0, 0x7F, 0xFF]))]) * length
        if len(content) < 2:
            break
    return bytes(content)


def structural(data: bytes, random: Random) -> bytes:
    """Change a few things through the onnx package."""
    model = onnx.load_from_string(data)
    for _ in range(random.integers(1, 4)):
        with contextlib.suppress(DecodeError):  # what is nested too deep cannot be copied again
            EDITS[random.integers(len(EDITS))](model, random)
    return bytes(model.SerializeToString())


def _pick(items: Any, random: Random) -> Any:
    return items[int(random.integers(len(items)))] if len(items) else None


def _tensor(model: onnx.ModelProto, random: Random) -> TensorProto:
    found: TensorProto | None = _pick(model.graph.initializer, random)
    return found if found is not None else model.graph.initializer.add()


def _node(model: onnx.ModelProto, random: Random) -> onnx.NodeProto:
    found: onnx.NodeProto | None = _pick(model.graph.node, random)
    return found if found is not None else model.graph.node.add(op_type="Relu")


def shape_of_tensor(model: onnx.ModelProto, random: Random) -> None:
    tensor = _tensor(model, random)
    tensor.dims[:] = [int(random.choice(HUGE)) for _ in range(random.integers(0, 12))]


def type_of_tensor(model: onnx.ModelProto, random: Random) -> None:
    _tensor(model, random).data_type = int(random.integers(-1, 30))


def data_of_tensor(model: onnx.ModelProto, random: Random) -> None:
    tensor = _tensor(model, random)
    tensor.raw_data = random.bytes(len(tensor.raw_data))


def constants_without_end(model: onnx.ModelProto, random: Random) -> None:
    tensor = _tensor(model, random)
    values = np.full(max(1, len(tensor.raw_data) // 4), random.choice([np.nan, np.inf, 3e38]), "f4")
    tensor.raw_data = values.tobytes()


def outside(model: onnx.ModelProto, random: Random) -> None:
    tensor = _tensor(model, random)
    tensor.data_location = int(random.integers(0, 3)) % 2  # type: ignore[assignment]
    place = random.choice(["/etc/passwd", "../x", "*/_ORT_MEM_ADDR_/*", "/dev/zero", ""])
    tensor.external_data.add(key="location", value=str(place))


def operator(model: onnx.ModelProto, random: Random) -> None:
    node = _node(model, random)
    node.op_type = str(random.choice(OPERATORS))
    node.domain = str(random.choice(["", "", "", "com.microsoft", "ai.onnx.ml", "x"]))


def attributes(model: onnx.ModelProto, random: Random) -> None:
    node = _node(model, random)
    values = [int(random.choice(HUGE)) for _ in range(random.integers(1, 6))]
    name = str(random.choice(ATTRIBUTES))
    value: object = values if random.integers(2) else values[0]
    kept = [a for a in node.attribute if a.name != name]
    refill(node.attribute, [*kept, helper.make_attribute(name, value)])


def without_attributes(model: onnx.ModelProto, random: Random) -> None:
    del _node(model, random).attribute[:]


def edge(model: onnx.ModelProto, random: Random) -> None:
    node, other = _node(model, random), _node(model, random)
    names = [*other.input, *other.output, "", "nothing", "image", "logits"]
    target = node.input if random.integers(2) else node.output
    if len(target):
        target[int(random.integers(len(target)))] = str(random.choice(names))
    else:
        target.append(str(random.choice(names)))


def remove(model: onnx.ModelProto, random: Random) -> None:
    graph = model.graph
    items = [graph.node, graph.initializer, graph.input, graph.output][random.integers(4)]
    if len(items):
        del items[int(random.integers(len(items)))]


def repeat(model: onnx.ModelProto, random: Random) -> None:
    graph = model.graph
    items = [graph.node, graph.initializer, graph.input, graph.output][random.integers(4)]
    if len(items):
        items.add().CopyFrom(items[int(random.integers(len(items)))])


def order(model: onnx.ModelProto, random: Random) -> None:
    nodes = list(model.graph.node)
    random.shuffle(nodes)
    refill(model.graph.node, nodes)


def versions(model: onnx.ModelProto, random: Random) -> None:
    if random.integers(2):
        model.ir_version = int(random.integers(-1, 20))
    else:
        model.opset_import.add(domain=str(random.choice(["", "x"])), version=int(random.choice(
            [-1, 0, 1, 6, 7, 9, 12, 13, 17, 21, 24, 25, 26, 99, 2**40])))  # fmt: skip
        if random.integers(2):
            del model.opset_import[0]


def shape_of_value(model: onnx.ModelProto, random: Random) -> None:
    value = _pick([*model.graph.input, *model.graph.output], random)
    if value is not None:
        dims = value.type.tensor_type.shape.dim
        for _ in range(random.integers(0, 3)):
            dims.add()
        chosen = _pick(dims, random)
        if chosen is not None:
            chosen.dim_value = int(random.choice(HUGE))
        if random.integers(3) == 0:
            value.type.tensor_type.elem_type = int(random.integers(0, 20))


def bomb(model: onnx.ModelProto, random: Random) -> None:
    """Put a node in that makes a small constant a large tensor, and read it."""
    size = [int(random.choice([2**10, 2**16, 2**24])) for _ in range(random.integers(1, 4))]
    shape = helper.make_tensor("bomb_shape", TensorProto.INT64, [len(size)], size)
    one = helper.make_tensor("bomb_one", TensorProto.FLOAT, [1], [1.0])
    kind = str(random.choice(["ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Reshape"]))
    inputs = ["bomb_shape"] if kind == "ConstantOfShape" else ["bomb_one", "bomb_shape"]
    model.graph.initializer.extend([shape, one])
    nodes = list(model.graph.node)
    made = helper.make_node(kind, inputs, ["bomb"])
    model.graph.node.insert(0, made)
    if nodes:
        reader = model.graph.node[1 + int(random.integers(len(nodes)))]
        reader.input[:] = [*reader.input[:-1], "bomb"]


def nested(model: onnx.ModelProto, random: Random) -> None:
    if random.integers(2):
        graph = onnx.GraphProto(name="inner")
        for _ in range(random.integers(1, 60)):
            outer = onnx.GraphProto(name="outer")
            outer.node.add(op_type="If").attribute.add(name="then_branch", type=5).g.CopyFrom(graph)
            graph = outer
        _node(model, random).attribute.add(name="body", type=5).g.CopyFrom(graph)
    else:
        kind = model.graph.value_info.add(name="deep").type
        for _ in range(random.integers(1, 60)):
            kind = kind.sequence_type.elem_type
        kind.tensor_type.elem_type = 1


def names(model: onnx.ModelProto, random: Random) -> None:
    name = str(
        random.choice(["\x1b]0;x\x07", "a" * 70_000, "image", "logits", "", "f:x", "\u202e"])
    )
    item = _pick([*model.graph.input, *model.graph.output, *model.graph.initializer], random)
    if item is not None:
        item.name = name


_OPERATORS = """
    Conv Gemm MatMul Add Softmax Relu Reshape Transpose Flatten Identity Cast Concat Pad Resize
    BatchNormalization ReduceMean MaxPool AveragePool GlobalAveragePool Shape Split Slice Einsum
    ConstantOfShape Expand Tile Range Where Loop If Scan NonZero LSTM SequenceEmpty Dropout Clip
    StringNormalizer LogSoftmax Sigmoid Exp Div ReduceSum QuantizeLinear Custom
"""
OPERATORS = _OPERATORS.split()
_ATTRIBUTES = """
    pads strides kernel_shape dilations axis group perm to transB axes value_ints epsilon keepdims
"""
ATTRIBUTES = _ATTRIBUTES.split()
EDITS: tuple[Callable[[onnx.ModelProto, Random], None], ...] = (
    shape_of_tensor, type_of_tensor, data_of_tensor, constants_without_end, outside, operator,
    operator, attributes, attributes, without_attributes, edge, edge, remove, repeat, order,
    versions, shape_of_value, bomb, nested, names,
)  # fmt: skip
