"""The digest finds accidental changes; metadata of any shape is read in one pass, within limits."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from craft import edited, message
from onnx import helper

from edgecnn.errors import EdgeError, ModelError
from edgecnn.model import digest
from edgecnn.model.digest import read_metadata
from edgecnn.model.model_file import parse_model, read_model
from edgecnn.model.protobuf import MAX_FIELDS

ENTRY = b"\x72"
"""Number and type of a metadata entry in a model."""
TWO_BYTES = b"\x28\x00"
"""A field that no metadata entry has."""


def entry(key: bytes, value: bytes, *more: bytes) -> bytes:
    return message(ENTRY, message(b"\x0a", key) + message(b"\x12", value) + b"".join(more))


def test_the_digest_is_sha_256_over_the_file_with_the_digest_zeroed(int8: Path) -> None:
    model = read_model(int8)
    without_digest = int8.read_bytes().replace(model.digest.encode(), b"0" * 64)
    assert model.digest == hashlib.sha256(without_digest).hexdigest()


def test_a_changed_byte_is_nearly_always_found_by_the_digest(int8: Path) -> None:
    whole = int8.read_bytes()
    positions = np.random.default_rng(0).integers(0, len(whole), 200)
    refusals = []
    for position in positions:
        content = bytearray(whole)
        content[position] ^= 1
        with pytest.raises(EdgeError) as refusal:
            parse_model(bytes(content), int8)
        refusals.append("do not match its digest" in refusal.value.what)
    assert sum(refusals) >= 180


def test_bytes_behind_the_end_are_refused(int8: Path) -> None:
    hidden = helper.make_attribute("doc", "x").SerializeToString()
    with pytest.raises(ModelError):
        parse_model(int8.read_bytes() + hidden, int8)


def test_a_metadata_entry_that_appears_twice_is_refused_by_name(int8: Path, tmp_path: Path) -> None:
    def repeat(model: onnx.ModelProto) -> None:
        model.metadata_props.add(key=digest.SPEC_KEY, value="{}")

    path = tmp_path / "twice.onnx"
    path.write_bytes(edited(int8.read_bytes(), repeat))
    with pytest.raises(ModelError, match=r"'edgecnn\.spec' appears twice"):
        read_model(path)


def test_entries_are_what_the_onnx_package_reads() -> None:
    data = entry(b"a", "Käfer".encode()) + entry(b"", b"") + entry(digest.DIGEST_KEY.encode(), b"1")
    found = read_metadata(data)
    model = onnx.load_from_string(data)
    assert found.values == {item.key: item.value for item in model.metadata_props}
    assert data[found.digest_start :] == b"1"


def test_25_mib_of_two_byte_fields_are_refused() -> None:
    many = message(ENTRY, TWO_BYTES * 2**19)
    with pytest.raises(ModelError, match=f"more than {MAX_FIELDS:,} fields"):
        read_metadata(many * 25)


def test_the_fields_of_all_entries_are_counted_together() -> None:
    half = TWO_BYTES * (MAX_FIELDS // 2)
    assert read_metadata(entry(b"a", b"1", half[:-20])).values == {"a": "1"}
    with pytest.raises(ModelError, match="fields"):
        read_metadata(entry(b"a", b"1", half) + entry(b"b", b"2", half))


BROKEN = {
    "an entry without a key": (message(ENTRY, b"\x12\x01a"), "no key or no value"),
    "an entry without a value": (message(ENTRY, b"\x0a\x01a"), "no key or no value"),
    "an empty entry": (message(ENTRY, b""), "no key or no value"),
    "an entry with two keys": (entry(b"a", b"b", b"\x0a\x01c"), "field 1 appears twice"),
    "an entry with two values": (entry(b"a", b"b", b"\x12\x01c"), "field 2 appears twice"),
    "a key that is a number": (message(ENTRY, b"\x08\x01\x12\x01a"), "another type"),
    "a value that is a number": (message(ENTRY, b"\x0a\x01a\x10\x01"), "another type"),
    "a key that is no text": (entry(b"\xff", b"b"), "not UTF-8"),
    "a value that is no text": (entry(b"a", b"\xff"), "utf-8"),
    "an entry twice": (entry(b"a", b"b") * 2, "metadata 'a' appears twice"),
    "a long name twice": (entry(b"a" * 1000, b"b") * 2, f"metadata '{'a' * 60}' appears twice"),
    "a value of 5 MiB": (entry(b"a", bytes(5 * 2**20)), "larger than 4 MiB"),
}


@pytest.mark.parametrize(("data", "what"), BROKEN.values(), ids=BROKEN)
def test_broken_metadata_are_refused_in_a_sentence(data: bytes, what: str) -> None:
    with pytest.raises(ModelError, match="not a whole ONNX model") as refusal:
        read_metadata(data)
    assert what in refusal.value.what
