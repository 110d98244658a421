"""The digest finds accidental changes; metadata entries are unique."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from craft import edited
from onnx import helper

from edgecnn.errors import EdgeError, ModelError
from edgecnn.model import digest
from edgecnn.model.model_file import parse_model, read_model


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
