"""A model file's metadata, and its digest: SHA-256 of the file with these 64 digits set to 0."""

import hashlib
from dataclasses import dataclass

from edgecnn.errors import ModelError
from edgecnn.model.file_kind import kind_of
from edgecnn.model.protobuf import Message, WireError, whole_message
from edgecnn.records import NEWEST, Record, version_of

CONTRACT_VERSIONS = tuple(map(str, range(1, NEWEST + 1)))
"""Versions that are read; the oldest that a file needs is written.

A field of a newer version is declared with `records.since`.
"""
CONTRACT_KEY = "edgecnn.contract"
SPEC_KEY = "edgecnn.spec"
CARD_KEY = "edgecnn.card"
GOLDEN_KEY = "edgecnn.golden"
DIGEST_KEY = "edgecnn.digest"
NO_DIGEST = "0" * 64

MAX_ENTRY_MIB = 4
"""Largest metadata entry; a model with a thousand classes needs a tenth of it."""

# Field numbers of onnx.proto.
_MODEL_METADATA = 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_SHOWN = 60
"""Characters of a name that a message shows."""


@dataclass(frozen=True)
class Metadata:
    """The metadata of a model file, and the position of its digest."""

    values: dict[str, str]
    digest_start: int
    """Offset of the digest's first digit in the file, in bytes; -1 if there is no digest."""


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
        for entry in whole_message(data).messages(_MODEL_METADATA):  # one budget of fields for all
            name, start, end = _entry(entry)
            if name in values:
                raise WireError(f"metadata {name[:_SHOWN]!r} appears twice")
            values[name] = data[start:end].decode()
            if name == DIGEST_KEY:
                digest_start = start
    except (WireError, UnicodeDecodeError) as error:
        kind = kind_of(data)
        raise ModelError(
            f"the file is not a whole ONNX model: {f'it is {kind.name}' if kind else error}",
            remedy=kind.remedy if kind else "copy it again; it may be truncated",
        ) from error
    return Metadata(values, digest_start)


def contract_version(*records: Record) -> str:
    """Return the version of a file with these records: what their newest field needs."""
    return str(max(map(version_of, records)))


def with_digest(data: bytes) -> bytes:
    """Return a model's bytes with the digest filled in, in place of the digits that were there."""
    start = read_metadata(data).digest_start
    return data[:start] + _digest(data, start).encode() + data[start + len(NO_DIGEST) :]


def check_digest(data: bytes, metadata: Metadata) -> None:
    """Raise ModelError unless a file's bytes match its digest."""
    written = metadata.values[DIGEST_KEY]
    if len(written) != len(NO_DIGEST) or written != _digest(data, metadata.digest_start):
        raise ModelError(
            "the file was changed after it was made: its bytes do not match its digest",
            remedy="copy it again from where it was made, or export it again",
        )


def _digest(data: bytes, start: int) -> str:
    view = memoryview(data)
    sha = hashlib.sha256(view[:start])
    sha.update(NO_DIGEST.encode())
    sha.update(view[start + len(NO_DIGEST) :])
    return sha.hexdigest()


def _entry(entry: Message) -> tuple[str, int, int]:
    """Return the name of a metadata entry, and where its value starts and ends."""
    value = entry.span(_ENTRY_VALUE)
    if _ENTRY_KEY not in entry or value is None:
        raise WireError("a metadata entry has no key or no value")
    if value.end - value.start > MAX_ENTRY_MIB * 2**20:
        raise WireError(f"a metadata entry is larger than {MAX_ENTRY_MIB} MiB")
    return entry.text(_ENTRY_KEY), value.start, value.end
