"""Golden frames: kept exactly, kept small, and compared strictly."""

import base64
from pathlib import Path

import numpy as np
import pytest
from craft import with_fields, with_new_digest

from edgecnn.errors import SpecError
from edgecnn.inference.classifier import Classifier
from edgecnn.model import digest
from edgecnn.model.frame import Frame
from edgecnn.model.golden import MAX_BYTES, Golden, encode_frames
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import encode_png

GRAY = ModelSpec(("a", "b"), height=28, width=28, channels=1)
BGR = ModelSpec(("a", "b"), height=12, width=20, channels=3)


def noise(spec: ModelSpec, count: int) -> list[Frame]:
    drawn = np.random.default_rng(1).integers(0, 256, (count, *spec.shape), np.uint8)
    return list(drawn)


@pytest.mark.parametrize("spec", [GRAY, BGR], ids=["gray", "BGR"])
def test_frames_survive_being_stored(spec: ModelSpec) -> None:
    kept = noise(spec, 2)
    read = Golden.from_json(Golden(encode_frames(kept)).to_json()).frames(spec)
    np.testing.assert_array_equal(np.stack(read), np.stack(kept))


def test_frames_are_kept_in_order_until_4_kib_are_full() -> None:
    texts = encode_frames(noise(GRAY, 20))
    sizes = [len(base64.b64decode(text)) for text in texts]
    assert 1 < len(texts) < 20
    assert sum(sizes) <= MAX_BYTES < sum(sizes) + min(sizes)


def test_the_golden_frames_of_an_exported_model_take_at_most_4_kib(int8: Path) -> None:
    texts = read_model(int8).golden.frames_png
    assert 0 < sum(len(base64.b64decode(text)) for text in texts) <= MAX_BYTES


@pytest.mark.parametrize("side", [64, 224, 640])
def test_frames_too_large_for_4_kib_are_halved_until_three_fit(side: int) -> None:
    large = ModelSpec(("a", "b"), height=side, width=side, channels=3)
    texts = encode_frames(noise(large, 4))
    assert len(texts) >= 3
    assert sum(len(base64.b64decode(text)) for text in texts) <= MAX_BYTES
    assert [frame.shape for frame in Golden(texts).frames(large)] == [large.shape] * len(texts)


def test_the_worst_difference_is_the_largest_over_all_frames_and_classes() -> None:
    golden = Golden(logits=((1.0, 2.0), (3.0, 4.0)))
    given = np.array([[1.0, 2.5], [3.25, 3.0]], np.float32)
    assert golden.worst_difference(given) == 1.0


def test_equal_logits_differ_by_nothing() -> None:
    golden = Golden(logits=((1.0, 2.0),))
    assert golden.worst_difference(np.array([[1.0, 2.0]], np.float32)) == 0.0


def test_nan_counts_as_different_whatever_the_tolerance() -> None:
    golden = Golden(logits=((1.0, 2.0),), tolerance=1e9)
    difference = golden.worst_difference(np.array([[1.0, np.nan]], np.float32))
    assert not difference <= golden.tolerance


def test_without_golden_frames_nothing_differs() -> None:
    assert Golden().worst_difference(np.empty((0, 10), np.float32)) == 0.0


SMALL_PNG = base64.b64encode(encode_png(np.zeros((5, 5), np.uint8))).decode()
BROKEN_FRAMES = {
    "no base64": "!",
    "an empty text": "",
    "no PNG": base64.b64encode(b"not a picture").decode(),
    "a picture of another size": SMALL_PNG,
}


@pytest.mark.parametrize("text", BROKEN_FRAMES.values(), ids=BROKEN_FRAMES)
def test_a_golden_frame_that_is_no_picture_of_that_size_is_refused(
    int8: Path, tmp_path: Path, text: str
) -> None:
    path = with_new_digest(int8, tmp_path, with_fields(digest.GOLDEN_KEY, frames_png=[text]))
    with pytest.raises(SpecError, match="golden frame") as refusal:
        Classifier(path)
    assert "export" in refusal.value.remedy


BROKEN_LOGITS: dict[str, list[list[float]]] = {
    "none": [],
    "of one frame only": [[0.0] * 10],
    "of three classes": [[0.0] * 3] * 8,
    "ragged": [[0.0] * 10] * 7 + [[0.0] * 9],
}


@pytest.mark.parametrize("logits", BROKEN_LOGITS.values(), ids=BROKEN_LOGITS)
def test_golden_logits_that_do_not_belong_to_the_frames_are_refused(
    int8: Path, tmp_path: Path, logits: list[list[float]]
) -> None:
    path = with_new_digest(int8, tmp_path, with_fields(digest.GOLDEN_KEY, logits=logits))
    with pytest.raises(SpecError, match="golden logits") as refusal:
        Classifier(path)
    assert "export" in refusal.value.remedy
