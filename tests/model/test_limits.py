"""What a file with a fitting digest may say: each number and text that is not possible is named."""

import base64
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from craft import with_entry, with_new_digest

from edgecnn.errors import SpecError
from edgecnn.model import digest
from edgecnn.model.golden import PNG_HEAD, Golden
from edgecnn.model.limits import MAX_GOLDEN, MAX_LAYERS, MAX_ROWS, MAX_TEXT
from edgecnn.model.model_file import ModelFile, read_model
from edgecnn.opencv import cv2

KEYS = {
    "spec": digest.SPEC_KEY,
    "card": digest.CARD_KEY,
    "golden": digest.GOLDEN_KEY,
}
MANY_DIGITS = 10**400
SCORE = {"form": "int8", "split": "test", "correct": 9, "total": 10, "low": 0.5, "high": 1.0}
ROW = {"pictures": "noise", "known": 1, "total": 10, "low": 0.0, "high": 0.5}
REJECTION = {"temperature": 1.0, "keep": 0.95, "known": [ROW]}


def scored(**changes: object) -> dict[str, object]:
    return {"accuracy": [{**SCORE, **changes}]}


def known(**changes: object) -> dict[str, object]:
    return {"rejection": [{**REJECTION, "known": [{**ROW, **changes}]}]}


def rejected(**changes: object) -> dict[str, object]:
    return {"rejection": [{**REJECTION, **changes}]}


def read_with(model: Path, folder: Path, record: str, changes: Mapping[str, object]) -> ModelFile:
    """Read a model file after fields of one record were changed and its digest was renewed."""
    values = json.loads(_text(model, record))
    edit = with_entry(KEYS[record], json.dumps({**values, **changes}))
    return read_model(with_new_digest(model, folder, edit))


def _text(model: Path, record: str) -> str:
    return digest.read_metadata(model.read_bytes()).values[KEYS[record]]


IMPOSSIBLE: dict[str, tuple[str, dict[str, Any], str]] = {
    "100,000 labels": (
        "spec", {"labels": [str(i) for i in range(100_000)]}, "there are 100,000 labels"),
    "300,000 labels": ("spec", {"labels": ["a"] * 300_000}, "300,000 items"),
    "an input of 4096x4096": ("spec", {"height": 4096, "width": 4096}, "input is 4096x4096"),
    "an input of 64 bits": ("spec", {"width": 2**63 - 1}, "allowed are 4096 a side"),
    "an input of 400 digits": ("spec", {"height": MANY_DIGITS}, "more than 64 bits"),
    "a threshold of NaN": ("spec", {"reject_threshold": float("nan")}, "threshold is nan"),
    "a label that is half a character": ("spec", {"labels": ["a", "\ud800"]}, "half a character"),
    "an accuracy of nothing": ("card", scored(correct=0, total=0), "an accuracy is 0 of 0"),
    "more right than there are": ("card", scored(correct=11), "11 of 10 pictures"),
    "fewer than none right": ("card", scored(correct=-1), "-1 of 10 pictures"),
    "right ones of 400 digits": ("card", scored(correct=MANY_DIGITS), "more than 64 bits"),
    "an interval of NaN": ("card", scored(low=float("nan")), "nan to 1.0"),
    "an interval beyond all": ("card", scored(high=float("inf")), "0.5 to inf"),
    "an interval turned round": ("card", scored(low=1.0, high=0.5), "1.0 to 0.5"),
    "half a character as split": ("card", scored(split="\udc00"), "accuracy[0].split holds half"),
    "known ones of nothing": ("card", known(known=0, total=0), "0 of 0 pictures"),
    "more known than there are": ("card", known(known=11), "11 of 10 pictures"),
    "a share of known above 1": ("card", known(high=1.5), "0.0 to 1.5"),
    "half a character as data set": ("card", known(pictures="\ud800"), "pictures holds half"),
    "a table of a thousand rows": ("card", rejected(known=[ROW] * 1000), "length of 1,000"),
    "a temperature of 0": ("card", rejected(temperature=0), "temperature is 0.0"),
    "a temperature of NaN": ("card", rejected(temperature=float("nan")), "temperature is nan"),
    "an endless temperature": ("card", rejected(temperature=float("inf")), "temperature is inf"),
    "more kept than all": ("card", rejected(keep=1.1), "share to keep is 1.1"),
    "two rejections": ("card", {"rejection": [REJECTION] * 2}, "rejection has a length of 2"),
    "a name that is half a character": ("card", {"name": "\ud800"}, "name holds half a character"),
    "a data set that is half a character": ("card", {"dataset": "\udfff"}, "dataset holds half"),
    "a version that is half a character": ("card", {"versions": {"a": "\ud800"}}, "versions.a"),
    "a layer that is half a character": ("card", {"macs": {"\ud800": 1}}, "macs holds half"),
    "a name of a megabyte": ("card", {"name": "a" * 2**20}, "name has a length of 1,048,576"),
    "a recipe of a megabyte": ("card", {"recipe": "a" * 2**20}, "recipe has a length"),
    "a layer's name of a megabyte": ("card", {"macs": {"a" * 2**20: 1}}, "a name has a length"),
    "too many accuracies": ("card", {"accuracy": [SCORE] * (MAX_ROWS + 1)}, "length of 101"),
    "too many layers": (
        "card", {"macs": {str(i): 1 for i in range(MAX_LAYERS + 1)}}, "length of 20,001"),
    "multiply-adds whose sum has 4,301 digits": (
        "card", {"macs": {str(i): int("9" * 4299) for i in range(100)}}, "4,299 digits"),
    "negative multiply-adds": ("card", {"macs": {"conv1": -1}}, "multiply-adds is -1"),
    "negative parameters": ("card", {"parameters": -5}, "parameters is -5"),
    "parameters of 400 digits": ("card", {"parameters": MANY_DIGITS}, "more than 64 bits"),
    "too many golden frames": (
        "golden", {"frames_png": [""] * (MAX_GOLDEN + 1)}, "there are 65, allowed are 64"),
    "5,000 golden frames": ("golden", {"frames_png": ["iVBORw0KGgo="] * 5000}, "there are 5,000"),
    "a tolerance of NaN": ("golden", {"tolerance": float("nan")}, "tolerance is nan"),
    "an endless tolerance": ("golden", {"tolerance": float("inf")}, "tolerance is inf"),
    "a negative tolerance": ("golden", {"tolerance": -1}, "tolerance is -1"),
    "a logit of NaN": ("golden", {"logits": [[0.0, float("nan")]]}, "a logit is nan"),
    "a logit beyond float32": ("golden", {"logits": [[1e39]]}, "a logit is 1e+39"),
    "a logit of 400 digits": ("golden", {"logits": [[MANY_DIGITS]]}, "more than 64 bits"),
    "fitted pixels of a megabyte": ("golden", {"fitted": "a" * 2**20}, "`fitted` has 1,048,576"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "changes", "what"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_is_not_possible_is_refused_in_a_sentence(
    int8: Path, tmp_path: Path, record: str, changes: dict[str, Any], what: str
) -> None:
    with pytest.raises(SpecError) as refusal:
        read_with(int8, tmp_path, record, changes)
    assert what in refusal.value.what
    assert refusal.value.exit_code == 4
    assert len(refusal.value.what) < 3000
    refusal.value.what.encode()


POSSIBLE: dict[str, tuple[str, dict[str, Any]]] = {
    "all right": ("card", scored(correct=10, low=0.7, high=1.0)),
    "none right": ("card", scored(correct=0, low=0.0, high=0.3)),
    "no rejection": ("card", {"rejection": []}),
    "the longest recipe": ("card", {"recipe": "a" * MAX_TEXT}),
    "many layers": ("card", {"macs": {str(i): 2**62 for i in range(MAX_LAYERS)}}),
    "any script": ("card", {"name": "Käfer 蜜蜂 \N{BEETLE}"}),
    "no golden frames": ("golden", {"frames_png": [], "logits": []}),
}


@pytest.mark.parametrize(("record", "changes"), POSSIBLE.values(), ids=POSSIBLE)
def test_what_is_possible_is_read(
    int8: Path, tmp_path: Path, record: str, changes: dict[str, Any]
) -> None:
    file = read_with(int8, tmp_path, record, changes)
    read = {"card": file.card, "golden": file.golden}[record]
    assert json.loads(read.to_json()).items() >= changes.items()


def _declaring(width: int, height: int) -> str:
    """Return a PNG of 33 bytes whose header declares a size."""
    return base64.b64encode(PNG_HEAD + struct.pack(">II", width, height) + bytes(9)).decode()


@pytest.mark.parametrize("side", [29, 4096, 30_000, 2**32 - 1])
def test_a_golden_frame_of_another_size_is_refused_by_its_header(
    int8: Path, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(cv2, "imdecode", decode)
    with pytest.raises(SpecError, match="golden frame is not a picture of 28x28"):
        Golden((_declaring(side, side),)).frames(read_model(int8).spec)


def test_golden_frames_that_take_too_much_memory_are_refused_undecoded(int8: Path) -> None:
    spec = read_model(int8).spec
    large = type(spec)(spec.labels, 2048, 2048, 3)
    with pytest.raises(SpecError, match="they take 805,306,368 bytes, allowed are 134,217,728"):
        Golden((_declaring(2048, 2048),) * MAX_GOLDEN).frames(large)


def test_a_golden_frame_that_is_no_png_is_refused(int8: Path) -> None:
    spec = read_model(int8).spec
    frame = read_model(int8).golden.frames(spec)[0]
    for suffix in (".jpg", ".bmp", ".webp"):
        encoded = base64.b64encode(cv2.imencode(suffix, frame)[1].tobytes()).decode()
        with pytest.raises(SpecError, match="golden frame"):
            Golden((encoded,)).frames(spec)
