"""Checks the bytes of a graph before the onnx package or ONNX Runtime parses them.

A classifier is one plain graph in one file. Everything that ONNX allows to be nested to any depth
(graphs in attributes, functions, types of types) is refused, so that messages are nested at most
six deep. A tensor cannot claim more elements than it has data, and no path in the file is opened.

Source: onnx.proto for the field numbers.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

from edgecnn.errors import ModelError
from edgecnn.model.protobuf import (
    FIXED32,
    FIXED64,
    LENGTH_DELIMITED,
    Message,
    WireError,
    whole_message,
)
from edgecnn.records import Record

MAX_NODES = 20_000
MAX_RANK = 8
MAX_ELEMENTS = 2**26
"""Most elements of an input or output: 256 MiB as floats."""
OPEN = -1
"""A dimension that some exporters, such as Paddle's, write where the size is open."""
MAX_NAME = 60
"""Longest name in a message; a longer one is cut."""

# Field numbers of onnx.proto.
_IR_VERSION, _PRODUCER, _GRAPH, _OPSETS, _TRAINING, _FUNCTIONS = 1, 2, 7, 8, 20, 25
_NODES, _INITIALIZERS, _INPUTS, _OUTPUTS, _VALUES, _SPARSE_INITIALIZERS = 1, 5, 11, 12, 13, 15
_NODE_TEXTS, _OP_TYPE, _ATTRIBUTES, _DOMAIN = (1, 2, 3), 4, 5, 7
_ATTRIBUTE_NAME, _TENSOR, _TENSORS = 1, 5, 10
_NESTED = {6: "a nested graph (If, Loop or Scan)", 11: "a nested graph (If, Loop or Scan)",
           14: "types as attributes", 15: "types as attributes",
           22: "sparse tensors", 23: "sparse tensors"}  # fmt: skip
_DIMS, _DATA_TYPE, _TENSOR_NAME, _RAW, _EXTERNAL, _LOCATION = 1, 2, 8, 9, 13, 14
_FLOATS, _INT32S, _STRINGS, _INT64S, _DOUBLES, _UINT64S = 4, 5, 6, 7, 10, 11

TYPES = {1: ("float32", 4, _FLOATS), 2: ("uint8", 1, _INT32S), 3: ("int8", 1, _INT32S),
         4: ("uint16", 2, _INT32S), 5: ("int16", 2, _INT32S), 6: ("int32", 4, _INT32S),
         7: ("int64", 8, _INT64S), 9: ("bool", 1, _INT32S), 10: ("float16", 2, _INT32S),
         11: ("double", 8, _DOUBLES), 12: ("uint32", 4, _UINT64S),
         13: ("uint64", 8, _UINT64S), 16: ("bfloat16", 2, _INT32S)}  # fmt: skip
"""By ONNX's number: name, bytes per element, and the field for elements that are not raw bytes."""


@dataclass(frozen=True)
class Value:
    """An input or output of a graph."""

    name: str
    type: str
    shape: tuple[str, ...]
    """The size of each dimension, its symbol, or `?`."""

    def __str__(self) -> str:
        return f"{self.name}: {self.type} ({', '.join(self.shape)})"


@dataclass(frozen=True)
class Outline(Record):
    """A summary of a graph, read from its bytes."""

    producer: str
    ir_version: int
    opsets: dict[str, int]
    inputs: tuple[Value, ...]
    """Without inputs that only repeat a constant."""
    outputs: tuple[Value, ...]
    operators: dict[str, int]
    """The number of nodes of each type; `domain.Type` outside the standard domain."""


def outline_graph(data: bytes) -> Outline:
    """Check the bytes of an ONNX file, and summarize its graph.

    Raises:
        ModelError: They are not a plain graph in one file.
    """
    try:
        return _outline(whole_message(data))
    except WireError as error:
        raise ModelError(f"the graph is malformed: {error}", remedy="export it again") from error


def refuse_operators(outline: Outline, allowed: frozenset[str]) -> None:
    """Raise ModelError if the graph uses an operator that is not allowed."""
    refused = [name for name in outline.operators if name not in allowed]
    if refused:
        raise ModelError(
            f"the model uses operators that are not allowed: {', '.join(refused[:8])}",
            remedy="export the network alone, as plain ONNX layers in float",
        )


def _outline(model: Message) -> Outline:
    graph = model.message(_GRAPH)
    if graph is None:
        raise WireError("there is no graph")
    if _FUNCTIONS in model or _TRAINING in model:
        _refuse("defines functions of its own")
    if _SPARSE_INITIALIZERS in graph:
        _refuse("holds sparse tensors")
    operators = _check_nodes(graph)
    constants = {_check_tensor(tensor) for tensor in graph.messages(_INITIALIZERS)}
    for value in graph.messages(_VALUES):
        _value(value)
    inputs = [_value(v) for v in graph.messages(_INPUTS) if v.text(1) not in constants]
    return Outline(
        producer=_shown(model.text(_PRODUCER)),
        ir_version=model.integer(_IR_VERSION),
        opsets={_shown(opset.text(1)): opset.integer(2) for opset in model.messages(_OPSETS)},
        inputs=tuple(inputs),
        outputs=tuple(_value(value) for value in graph.messages(_OUTPUTS)),
        operators=dict(sorted(operators.items())),
    )


def _check_nodes(graph: Message) -> Counter[str]:
    """Check names and attributes of the nodes; count their operators."""
    operators: Counter[str] = Counter()
    for node in graph.messages(_NODES):
        domain, kind = node.text(_DOMAIN), _shown(node.text(_OP_TYPE))
        operators[kind if domain in ("", "ai.onnx") else f"{_shown(domain)}.{kind}"] += 1
        for number in _NODE_TEXTS:  # libraries accept any bytes as names, and fail later
            list(node.texts(number))
        for attribute in node.messages(_ATTRIBUTES):
            _check_attribute(attribute)
    if operators.total() > MAX_NODES:
        _refuse(f"has {operators.total():,} nodes; {MAX_NODES:,} are allowed")
    return operators


def _check_attribute(attribute: Message) -> None:
    for number, what in _NESTED.items():
        if number in attribute:
            _refuse(f"holds {what}")
    attribute.text(_ATTRIBUTE_NAME)
    one = attribute.message(_TENSOR)
    for tensor in [*([one] if one else []), *attribute.messages(_TENSORS)]:
        _check_tensor(tensor)


def _check_tensor(tensor: Message) -> str:
    """Return a tensor's name; refuse external data, and data that do not match the shape.

    ONNX Runtime would open any path that an external tensor names.
    """
    if _EXTERNAL in tensor or tensor.integer(_LOCATION) != 0:
        _refuse("keeps weights in another file (external data)")
    name, kind = tensor.text(_TENSOR_NAME), tensor.integer(_DATA_TYPE)
    if kind not in TYPES:
        _refuse(f"has a tensor {_shown(name)!r} of type {kind}, which classifiers do not use")
    rank = tensor.count_integers(_DIMS)
    if rank > MAX_RANK:
        _refuse(f"has a tensor {_shown(name)!r} of {rank} dimensions")
    shape = list(tensor.integers(_DIMS))
    count = _count_elements(tensor, kind)
    if min(shape, default=0) < 0 or count != math.prod(shape):
        _refuse(f"has a tensor {_shown(name)!r} of shape {shape} with {count} elements")
    return name


def _count_elements(tensor: Message, kind: int) -> int:
    """Return the number of elements in a tensor's data; -1 if the bytes end inside an element."""
    _, size, own = TYPES[kind]
    data_fields = (_RAW, _FLOATS, _INT32S, _STRINGS, _INT64S, _DOUBLES, _UINT64S)
    used = [number for number in data_fields if number in tensor]
    if used == [_RAW]:
        total = tensor.count_bytes(_RAW, LENGTH_DELIMITED)
        return total // size if total % size == 0 else -1
    if not used:
        return 0
    if used != [own]:
        raise WireError("a tensor's data have another type than the tensor declares")
    if own in (_FLOATS, _DOUBLES):
        fixed = FIXED32 if own == _FLOATS else FIXED64
        return tensor.count_bytes(own, LENGTH_DELIMITED, fixed) // size
    return tensor.count_integers(own)


def _value(value: Message) -> Value:
    """Read an input, output or inner value; refuse one that is no tensor, or too large."""
    name, kind = _shown(value.text(1)), value.message(2)
    tensor = kind.message(1) if kind else None
    if kind is not None and tensor is None:
        _refuse(f"has a value {name!r} that is no tensor")
    if tensor is None:
        return Value(name, "?", ())
    shape = tensor.message(2)
    dims = [] if shape is None else [(d.integer(1), d.text(2)) for d in shape.messages(1)]
    dims = [(0 if size == OPEN else size, symbol) for size, symbol in dims]
    sizes = [size for size, _ in dims]
    if len(dims) > MAX_RANK or min(sizes, default=0) < 0 or _elements(sizes) > MAX_ELEMENTS:
        _refuse(f"has a value {name!r} of shape {sizes[:MAX_RANK]}, which is too large")
    element = TYPES.get(tensor.integer(1), ("?",))[0]
    return Value(name, element, tuple(str(size) if size else _shown(t) or "?" for size, t in dims))


def _elements(sizes: list[int]) -> int:
    return math.prod(size or 1 for size in sizes)


def _shown(name: str) -> str:
    """Return a name from the file for messages: shortened, without control characters."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name[: MAX_NAME + 1])
    return text if len(name) <= MAX_NAME else f"{text[:MAX_NAME]}..."


def _refuse(what: str) -> NoReturn:
    raise ModelError(
        f"the model {what}", remedy="export it again: a model is one file, one plain graph"
    )
