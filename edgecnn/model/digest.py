"""The digest that seals a model file: SHA-256 of the file with the digest's own digits set to 0."""

import hashlib
from dataclasses import dataclass

from edgecnn.errors import ModelError
from edgecnn.model.file_kind import kind_of
from edgecnn.model.protobuf import Field, WireError, fields

CONTRACT_VERSION = "1"
CONTRACT_KEY = "edgecnn.contract"
SPEC_KEY = "edgecnn.spec"
CARD_KEY = "edgecnn.card"
GOLDEN_KEY = "edgecnn.golden"
DIGEST_KEY = "edgecnn.digest"
NO_DIGEST = "0" * 64

MAX_ENTRY_MIB = 4
"""Of one metadata entry; those of a model with a thousand classes take a tenth of it."""

# Field numbers of onnx.proto.
_MODEL_METADATA = 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2


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
    if not data:
        raise ModelError(
            "the file is not a whole ONNX model: it is empty", remedy="copy or download it again"
        )
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
        kind = kind_of(data)
        raise ModelError(
            f"the file is not a whole ONNX model: {f'it is {kind.name}' if kind else error}",
            remedy=kind.remedy if kind else "copy it again; it may be truncated",
        ) from error
    return Metadata(values, digest_start)


def with_digest(data: bytes) -> bytes:
    """Return an unsealed model with its digest written in; the length stays the same."""
    start = read_metadata(data).digest_start
    return data[:start] + _digest(data, start).encode() + data[start + len(NO_DIGEST) :]


def check_digest(data: bytes, metadata: Metadata) -> None:
    """Raise ModelError unless the file's bytes match its digest."""
    written = metadata.values[DIGEST_KEY]
    if len(written) != len(NO_DIGEST) or written != _digest(data, metadata.digest_start):
        raise ModelError(
            "the file was changed after it was sealed: its bytes do not match its digest",
            remedy="copy it again from where it was made, or export it again",
        )


def _digest(data: bytes, start: int) -> str:
    sha = hashlib.sha256(data[:start])
    sha.update(NO_DIGEST.encode())
    sha.update(data[start + len(NO_DIGEST) :])
    return sha.hexdigest()


def _children(data: bytes, number: int) -> list[Field]:
    return [field for field in fields(data, 0, len(data)) if field.number == number]


def _key_and_value(data: bytes, entry: Field) -> tuple[Field, Field]:
    found = {field.number: field for field in fields(data, entry.start, entry.end)}
    if _ENTRY_KEY not in found or _ENTRY_VALUE not in found:
        raise WireError("a metadata entry has no key or no value")
    if entry.end - entry.start > MAX_ENTRY_MIB * 2**20:
        raise WireError(f"a metadata entry is larger than {MAX_ENTRY_MIB} MiB")
    return found[_ENTRY_KEY], found[_ENTRY_VALUE]
