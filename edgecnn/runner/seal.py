"""The digest that seals a model file: SHA-256 of the file with the digest's own digits set to 0."""

import hashlib
from dataclasses import dataclass

from edgecnn.errors import ModelError
from edgecnn.runner.protobuf import Field, WireError, fields

CONTRACT_VERSION = "1"
CONTRACT_KEY = "edgecnn.contract"
SPEC_KEY = "edgecnn.spec"
CARD_KEY = "edgecnn.card"
GOLDEN_KEY = "edgecnn.golden"
DIGEST_KEY = "edgecnn.digest"
UNSEALED = "0" * 64

# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_METADATA, _MODEL_FUNCTIONS = 7, 14, 25
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE = 5
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_ATTRIBUTE_SPARSE, _ATTRIBUTE_SPARSES = 22, 23
_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION = 13, 14


@dataclass(frozen=True)
class Metadata:
    """The metadata of a model file, and where its digest stands."""

    values: dict[str, str]
    digest_start: int
    """Position of the digest's first digit; -1 without one."""


def read_metadata(data: bytes) -> Metadata:
    """Read the metadata entries of an ONNX file.

    Raises:
        ModelError: The bytes are not an ONNX model, or an entry appears twice.
    """
    values: dict[str, str] = {}
    digest_start = -1
    try:
        for entry in _children(data, _MODEL_METADATA):
            key, value = _key_and_value(data, entry)
            name = data[key.start : key.end].decode()
            if name in values:
                raise WireError(f"metadata {name!r} appears twice")
            values[name] = data[value.start : value.end].decode()
            if name == DIGEST_KEY:
                digest_start = value.start
    except (WireError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the file is not a whole ONNX model: {error}",
            remedy="copy it again; it may be truncated",
        ) from error
    return Metadata(values, digest_start)


def seal(data: bytes) -> bytes:
    """Return an unsealed model with its digest written in; the length stays the same."""
    start = read_metadata(data).digest_start
    return data[:start] + _digest(data, start).encode() + data[start + len(UNSEALED) :]


def check_seal(data: bytes, metadata: Metadata) -> None:
    """Raise ModelError unless the file's bytes match its digest."""
    written = metadata.values[DIGEST_KEY]
    if len(written) != len(UNSEALED) or written != _digest(data, metadata.digest_start):
        raise ModelError(
            "the file was changed after it was sealed: its bytes do not match its digest",
            remedy="copy it again from where it was made, or export it again",
        )


def refuse_external_data(data: bytes) -> None:
    """Raise ModelError if any tensor lies outside the file, or a graph is nested.

    ONNX Runtime would open whatever path such a tensor names.
    """
    for graph in _children(data, _MODEL_GRAPH):
        for field in fields(data, graph.start, graph.end):
            if field.number == _GRAPH_INITIALIZER:
                _refuse_external_tensor(data, field)
            elif field.number == _GRAPH_NODE:
                _check_attributes(data, field)
            elif field.number == _GRAPH_SPARSE:
                _refuse("holds sparse tensors")
    if any(True for _ in _children(data, _MODEL_FUNCTIONS)):
        _refuse("defines functions of its own")


def _check_attributes(data: bytes, node: Field) -> None:
    for attribute in fields(data, node.start, node.end):
        if attribute.number != _NODE_ATTRIBUTE:
            continue
        for field in fields(data, attribute.start, attribute.end):
            if field.number in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
                _refuse_external_tensor(data, field)
            elif field.number in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
                _refuse("holds a nested graph (If, Loop or Scan)")
            elif field.number in (_ATTRIBUTE_SPARSE, _ATTRIBUTE_SPARSES):
                _refuse("holds sparse tensors")


def _refuse_external_tensor(data: bytes, tensor: Field) -> None:
    for field in fields(data, tensor.start, tensor.end):
        is_external = field.number == _TENSOR_DATA_LOCATION and field.varint != 0
        if is_external or field.number == _TENSOR_EXTERNAL_DATA:
            _refuse("keeps weights in another file (external data)")


def _refuse(what: str) -> None:
    raise ModelError(f"the model {what}", remedy="export it again: a model is one file")


def _digest(data: bytes, start: int) -> str:
    sha = hashlib.sha256(data[:start])
    sha.update(UNSEALED.encode())
    sha.update(data[start + len(UNSEALED) :])
    return sha.hexdigest()


def _children(data: bytes, number: int) -> list[Field]:
    return [field for field in fields(data, 0, len(data)) if field.number == number]


def _key_and_value(data: bytes, entry: Field) -> tuple[Field, Field]:
    found = {field.number: field for field in fields(data, entry.start, entry.end)}
    if _ENTRY_KEY not in found or _ENTRY_VALUE not in found:
        raise WireError("a metadata entry has no key or no value")
    return found[_ENTRY_KEY], found[_ENTRY_VALUE]
