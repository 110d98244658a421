"""The ring of pictures of which the model is not sure."""

import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from results import picture, result
from small_disk import small_disk

from edgecnn.errors import DeviceError, OptionError
from edgecnn.opencv import decode_picture
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.sinks.names import number_of, slug
from edgecnn.sinks.uncertain import UncertainPicture, UncertainSink

DIGEST = "0123456789abcdef" * 4
EACH = {"camera": 1, "a": 1}
"""Sources of which each frame may be taken."""


def unsure(number: int, source: str = "camera") -> Result:
    return result(picture(number), number=number, known=False, source=source)


def pictures(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"), key=number_of)


def test_the_whole_frame_is_kept_as_it_was_with_what_the_model_said(tmp_path: Path) -> None:
    UncertainSink(tmp_path, DIGEST)(unsure(7))
    (path,) = pictures(tmp_path)
    assert path.name == f"20270115T080000Z-000001-camera-{slug('Käfer')}.png"
    decoded = decode_picture(path.read_bytes())
    assert decoded is not None
    np.testing.assert_array_equal(decoded, picture(7))
    facts = UncertainPicture.from_json(path.with_suffix(".json").read_text())
    assert (facts.label, facts.known, facts.frame, facts.model) == ("Käfer", False, 7, DIGEST)
    assert facts.probabilities["Käfer"] == 0.65
    assert sorted(facts.probabilities) == ["Käfer", "bee", "cat", "dog"]


@pytest.mark.parametrize(("made", "kept"), [
    pytest.param({"known": False, "probability": 0.99}, True, id="not known"),
    pytest.param({"probability": 0.45}, True, id="two classes close together"),
    pytest.param({"probability": 0.9}, False, id="known and far apart"),
    pytest.param({"known": False, "status": ResultStatus.OBSTRUCTED}, False, id="obstructed"),
    pytest.param({"known": False, "status": ResultStatus.FROZEN}, False, id="frozen"),
    pytest.param({"known": False, "status": ResultStatus.NON_FINITE}, False, id="not finite"),
])  # fmt: skip
def test_a_frame_is_uncertain_if_it_is_not_known_or_two_classes_are_close(
    tmp_path: Path, made: dict[str, object], kept: bool
) -> None:
    UncertainSink(tmp_path, DIGEST)(result(**made))  # type: ignore[arg-type]
    assert len(pictures(tmp_path)) == kept


def test_a_live_source_gives_a_picture_a_second_at_most(tmp_path: Path) -> None:
    tenths = count(1000)
    sink = UncertainSink(tmp_path, DIGEST, clock=lambda: next(tenths) / 20)
    for number in range(1, 101):  # the clock is asked once a frame, and once a picture
        sink(unsure(number))
    assert 4 <= len(pictures(tmp_path)) <= 6


def test_frames_of_a_file_are_counted_instead(tmp_path: Path) -> None:
    sink = UncertainSink(tmp_path, DIGEST, steps={"film": 10, "folder": 1})
    for number in range(1, 26):
        sink(unsure(number, "film"))
        sink(unsure(number, "folder"))
    names = [path.name.split("-")[2] for path in pictures(tmp_path)]
    assert (names.count("film"), names.count("folder")) == (3, 25)


def test_one_source_takes_no_turn_from_another(tmp_path: Path) -> None:
    sink = UncertainSink(tmp_path, DIGEST, clock=lambda: 100.0)
    for source in ("left", "right", "left", "right"):
        sink(unsure(1, source))
    assert len(pictures(tmp_path)) == 2


def test_the_newest_hundred_stay_over_two_runs_and_other_files_too(
    tmp_path: Path,
) -> None:
    others = [tmp_path / "mine.png", tmp_path / "19700101T000000Z.png", tmp_path / "notes"]
    for path in others:
        path.write_text("not from here")
    for start in (1, 71):
        sink = UncertainSink(tmp_path, DIGEST, steps=EACH)
        for number in range(start, start + 70):
            sink(unsure(number))
    kept = [path for path in pictures(tmp_path) if path not in others]
    assert [number_of(path) for path in kept] == list(range(41, 141))
    assert sorted(tmp_path.glob("*.json")) == sorted(path.with_suffix(".json") for path in kept)
    assert all(path.exists() for path in others)


def test_an_emptied_folder_goes_on_with_the_newest_number(tmp_path: Path) -> None:
    sink = UncertainSink(tmp_path, DIGEST, steps=EACH, kept=2)
    for number in range(1, 6):
        sink(unsure(number))
    assert [number_of(path) for path in pictures(tmp_path)] == [4, 5]
    UncertainSink(tmp_path, DIGEST, steps=EACH, kept=2)(unsure(6))
    assert [number_of(path) for path in pictures(tmp_path)] == [5, 6]


HOSTILE = ["../../etc/passwd", "\x1b]0;x\x07", "a/b\\c:d", "\u202egnp.exe", "x" * 300, "", ".", " "]


@settings(max_examples=50, deadline=None)
@given(text=st.text() | st.sampled_from(HOSTILE))
def test_no_label_or_source_leaves_the_folder_or_makes_an_unsafe_name(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("ring")
    labels = ("cat", "dog", text, "bee")
    sink = UncertainSink(folder / "ring", DIGEST)
    sink(result(picture(1, 4, 4), known=False, label=text, source=text, labels=labels))
    assert list(folder.iterdir()) == [folder / "ring"]
    names = sorted(path.name for path in (folder / "ring").iterdir())
    assert len(names) == 2
    assert all(re.fullmatch(r"[0-9TZ]{16}-000001-[a-z0-9-]{1,120}\.(png|json)", n) for n in names)


def test_a_disk_that_is_nearly_full_ends_the_ring_with_whole_pictures(tmp_path: Path) -> None:
    with small_disk(tmp_path, "512k") as disk:
        sink = UncertainSink(disk / "ring", DIGEST, steps=EACH)
        with pytest.raises(DeviceError, match=r"nearly full|No space left"):
            fill(sink)
        found = [decode_picture(path.read_bytes()) for path in pictures(disk / "ring")]
        assert len(found) > 5
        assert all(frame is not None for frame in found)
        assert [path for path in (disk / "ring").iterdir() if path.name.startswith(".")] == []


def fill(sink: UncertainSink) -> None:
    for number in range(1, 200):
        sink(unsure(number))


def test_a_margin_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--uncertain-margin"):
        UncertainSink(tmp_path / "ring", DIGEST, margin=1.5)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(DeviceError, match="cannot be written"):
        UncertainSink(tmp_path / "file" / "ring", DIGEST)
