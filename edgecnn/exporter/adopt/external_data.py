"""Weights beside an ONNX file, as PyTorch's exporter leaves them: read under rules, and merged in.

The file names a path for each tensor, and a library would open any. Here only a plain name is
taken, of a regular file in the model's own folder; it is read once, by us, and its size is checked
against every tensor before a library sees a byte.

Source: onnx.proto, `TensorProto.external_data`.
"""

import json
import math
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

import onnx

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.confined import MODEL, limits_for, run_confined
from edgecnn.model.graph_check import MAX_RANK, TYPES
from edgecnn.model.model_file import MAX_MIB
from edgecnn.model.protobuf import Message, WireError, whole_message

# Field numbers of onnx.proto.
_GRAPH, _INITIALIZERS = 7, 5
_DIMS, _DATA_TYPE, _EXTERNAL, _LOCATION = 1, 2, 13, 14
_KEY, _VALUE = 1, 2

PARTS, DATA, MERGED = "parts.json", "data-{}", "merged.onnx"
MAX_DIGITS = 15
"""Of a position or length."""
ONE_FILE = "export one file, such as torch.onnx.export(..., external_data=False)"


@dataclass(frozen=True)
class Part:
    """Where the data of a tensor lie."""

    tensor: int
    """Position among the initializers."""
    file: str
    """Plain name."""
    offset: int
    length: int
    """Bytes."""


def merge_external_data(content: bytes, path: Path) -> tuple[bytes, tuple[bytes, ...]]:
    """Return a model with its weights inside, and the bytes of the files that they come from.

    Args:
        content: The model's bytes.
        path: Where it was read: the other files lie in the same folder.

    Raises:
        ModelError: The files are somewhere else, missing, or of another size than the model says.
    """
    parts = external_parts(content)
    if not parts:
        return content, ()
    total = len(content) + sum(part.length for part in parts)
    if total > MAX_MIB * 2**20:
        _refuse(f"takes more than {MAX_MIB} MiB with its weights", "use a smaller model")
    files = {name: _read(path.parent / name) for name in sorted({part.file for part in parts})}
    for part in parts:
        if part.offset + part.length > len(files[part.file]):
            _refuse(
                f"keeps weights at bytes {part.offset:,} to {part.offset + part.length:,} of "
                f"{part.file!r}, which has {len(files[part.file]):,}",
                "copy both files again; they may be truncated, or of two exports",
            )
    return _merged(content, parts, files), tuple(files.values())


def external_parts(content: bytes) -> list[Part]:
    """Return where a model's weights lie outside; none for most models.

    Raises:
        ModelError: A place is not a plain file name, or does not fit the tensor.
    """
    try:
        graph = whole_message(content).message(_GRAPH)
        tensors = graph.messages(_INITIALIZERS) if graph is not None else ()
        return [_part(i, t) for i, t in enumerate(tensors) if t.integer(_LOCATION) == 1]
    except WireError as error:
        raise ModelError(f"the graph is malformed: {error}", remedy="export it again") from error


def _part(number: int, tensor: Message) -> Part:
    entries = {entry.text(_KEY): entry.text(_VALUE) for entry in tensor.messages(_EXTERNAL)}
    file, needed = entries.get("location", ""), _bytes_of(tensor)
    if not file or not file.isprintable() or file in (".", "..") or set(file) & set("/\\:*"):
        _refuse(f"keeps weights in {file[:100]!r} (external data), which is no plain file name")
    length = _number(entries, "length", needed)
    if needed < 0 or length != needed:
        _refuse(f"keeps {length} bytes in {file[:100]!r} for a tensor that takes {needed}")
    return Part(number, file, _number(entries, "offset", 0), length)


def _bytes_of(tensor: Message) -> int:
    """Return how many bytes a tensor takes; -1: its type or shape is none that we take."""
    kind = tensor.integer(_DATA_TYPE)
    if kind not in TYPES or tensor.count_integers(_DIMS) > MAX_RANK:
        return -1
    shape = list(tensor.integers(_DIMS))
    return math.prod(shape) * TYPES[kind][1] if min(shape, default=0) >= 0 else -1


def _number(entries: dict[str, str], key: str, default: int) -> int:
    """Return a position or length, bytes."""
    text = entries.get(key)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        _refuse(f"keeps weights in another file at the {key} {text[:40]!r}")
    return int(text)


def _read(path: Path) -> bytes:
    """Return the bytes of a regular file that lies in the folder itself."""
    name = path.name
    try:
        real = path.resolve(strict=True)
        if real.parent != path.parent.resolve(strict=True):
            _refuse(
                f"keeps weights in {name!r}, which is a link to another folder",
                "copy the model and its weights themselves into one folder",
            )
        # without O_NONBLOCK, a pipe of that name would wait for a writer
        number = os.open(real, os.O_RDONLY | _flag("O_NONBLOCK") | _flag("O_NOFOLLOW"))
        with os.fdopen(number, "rb") as file:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                _refuse(f"keeps weights in {name!r}, which is no regular file")
            data = file.read(MAX_MIB * 2**20 + 1)
    except OSError as error:
        _refuse(
            f"keeps its weights in {name!r}, which cannot be read: {error.strerror}",
            f"put that file into {path.parent}; or {ONE_FILE}",
        )
    if len(data) > MAX_MIB * 2**20:
        _refuse(f"keeps weights in {name!r}, larger than {MAX_MIB} MiB", "use a smaller model")
    return data


def _flag(name: str) -> int:
    """Return a flag of `os.open`; 0 on a system without it."""
    return int(getattr(os, name, 0))


def _merged(content: bytes, parts: list[Part], files: dict[str, bytes]) -> bytes:
    """Return the model with the parts inside; the onnx package works in a confined child."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / MODEL).write_bytes(content)
        for number, data in enumerate(files.values()):
            (folder / DATA.format(number)).write_bytes(data)
        numbers = {file: DATA.format(i) for i, file in enumerate(files)}
        texts = [asdict(part) | {"file": numbers[part.file]} for part in parts]
        (folder / PARTS).write_text(json.dumps(texts))
        size = len(content) + sum(map(len, files.values()))
        run_confined(merge_in_folder, folder, limits_for(size))
        return (folder / MERGED).read_bytes()


def merge_in_folder(folder: Path) -> None:
    """Write the model of a folder with its weights inside."""
    model = onnx.load_from_string((folder / MODEL).read_bytes())
    parts = [Part(**entry) for entry in json.loads((folder / PARTS).read_text())]
    files = {part.file: (folder / part.file).read_bytes() for part in parts}
    for part in parts:
        tensor = model.graph.initializer[part.tensor]
        tensor.raw_data = files[part.file][part.offset : part.offset + part.length]
        tensor.ClearField("data_location")
        tensor.ClearField("external_data")
    (folder / MERGED).write_bytes(model.SerializeToString(deterministic=True))


def _refuse(what: str, remedy: str = ONE_FILE) -> NoReturn:
    raise ModelError(f"the model {what}", remedy=remedy)
