"""Model files that were edited and given a new digest, as by a careless or hostile maker."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from edgecnn.exporter.graph.editing import makers_of, refill, with_constants
from edgecnn.model import digest

Edit = Callable[[onnx.ModelProto], None]


def edited(data: bytes, edit: Edit) -> bytes:
    """Return the model after the edit, its old digest left in place."""
    model = onnx.load_from_string(data)
    edit(model)
    return bytes(model.SerializeToString(deterministic=True))


def with_new_digest(model: Path, folder: Path, edit: Edit) -> Path:
    """Write `folder`/edited.onnx: the model after the edit, with the digest of its bytes."""

    def edit_and_clear_digest(proto: onnx.ModelProto) -> None:
        edit(proto)
        with_entry(digest.DIGEST_KEY, digest.NO_DIGEST)(proto)

    path = folder / "edited.onnx"
    path.write_bytes(digest.with_digest(edited(model.read_bytes(), edit_and_clear_digest)))
    return path


def with_entry(key: str, value: str) -> Edit:
    """Set one metadata entry."""

    def edit(model: onnx.ModelProto) -> None:
        (entry,) = [entry for entry in model.metadata_props if entry.key == key]
        entry.value = value

    return edit


def without_entry(key: str) -> Edit:
    """Remove one metadata entry."""

    def edit(model: onnx.ModelProto) -> None:
        refill(model.metadata_props, [e for e in model.metadata_props if e.key != key])

    return edit


def with_fields(key: str, **changes: object) -> Edit:
    """Change fields of the JSON record in one metadata entry."""

    def edit(model: onnx.ModelProto) -> None:
        (entry,) = [entry for entry in model.metadata_props if entry.key == key]
        entry.value = json.dumps({**json.loads(entry.value), **changes})

    return edit


def both(first: Edit, second: Edit) -> Edit:
    """Do one edit after the other."""

    def edit(model: onnx.ModelProto) -> None:
        first(model)
        second(model)

    return edit


def poison(model: onnx.ModelProto) -> None:
    """Set the last layer's bias to NaN."""
    bias = makers_of(model.graph)["logits"].input[2]
    poisoned = with_constants(model, {bias: np.full(10, np.nan, np.float32)})
    model.CopyFrom(poisoned)


def message(tag: bytes, content: bytes) -> bytes:
    """Return a field of a protobuf message: its tag, the length of its content, the content."""
    size, length = len(content), b""
    while size >= 0x80:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return tag + length + bytes([size]) + content
