"""Model files, edited and sealed again: what a careless or hostile maker could hand over."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from edgecnn.model import digest

Edit = Callable[[onnx.ModelProto], None]


def edited(data: bytes, edit: Edit) -> bytes:
    """Return the model after the edit, its old digest left in place."""
    model = onnx.load_from_string(data)
    edit(model)
    return bytes(model.SerializeToString(deterministic=True))


def resealed(model: Path, folder: Path, edit: Edit) -> Path:
    """Write `folder`/edited.onnx: the model after the edit, under a seal that fits."""

    def edit_and_unseal(proto: onnx.ModelProto) -> None:
        edit(proto)
        with_entry(digest.DIGEST_KEY, digest.NO_DIGEST)(proto)

    path = folder / "edited.onnx"
    path.write_bytes(digest.with_digest(edited(model.read_bytes(), edit_and_unseal)))
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
        kept = [entry for entry in model.metadata_props if entry.key != key]
        del model.metadata_props[:]
        model.metadata_props.extend(kept)

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
    makers = {output: node for node in model.graph.node for output in node.output}
    bias = makers["logits"].input[2]
    (tensor,) = [tensor for tensor in model.graph.initializer if tensor.name == bias]
    tensor.CopyFrom(numpy_helper.from_array(np.full(10, np.nan, np.float32), bias))
