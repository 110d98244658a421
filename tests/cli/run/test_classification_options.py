"""Options of `edgecnn run`: what is classified, and when the label changes."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import Main

from edgecnn.model.frame import Frame
from edgecnn.opencv import encode_png

PATTERN = ("--source", "pattern")


@pytest.fixture
def folder(frames: list[Frame], tmp_path: Path) -> Path:
    """Twenty digits as pictures."""
    (tmp_path / "digits").mkdir()
    for i, frame in enumerate(frames):
        (tmp_path / "digits" / f"{i:02}.png").write_bytes(encode_png(frame))
    return tmp_path / "digits"


def rows_of(main: Main, *arguments: str | Path) -> list[dict[str, object]]:
    done = main("run", *arguments, "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_threshold_makes_answers_unknown(main: Main, int8: Path, folder: Path) -> None:
    rows = rows_of(main, int8, "--source", folder, "--threshold", "0.99")
    doubtful = [row for row in rows if row["probability"] < 0.99]  # type: ignore[operator]
    assert doubtful
    assert {row["label"] for row in doubtful} == {"unknown"}
    assert all(row["top"] for row in doubtful)


def test_every_nth_frame_is_classified(main: Main, int8: Path, folder: Path) -> None:
    rows = rows_of(main, int8, "--source", folder, "--every", "6")
    assert [Path(str(row["picture"])).name for row in rows] == [
        "00.png", "06.png", "12.png", "18.png",
    ]  # fmt: skip


def test_a_rate_slows_a_folder_down_and_loses_nothing(main: Main, int8: Path, folder: Path) -> None:
    report = json.loads(
        main("run", int8, "--source", folder, "--fps", "40", "--format", "json").stdout
    )
    assert report["frames"] == 20
    assert report["frames_per_second"] <= 45


def test_a_region_is_what_is_classified(
    main: Main, int8: Path, frames: list[Frame], tmp_path: Path
) -> None:
    large = np.zeros((56, 56, 1), np.uint8)
    large[28:, 28:] = frames[0]
    (tmp_path / "large.png").write_bytes(encode_png(large))
    (tmp_path / "small.png").write_bytes(encode_png(frames[0]))
    (part,) = rows_of(main, int8, "--source", tmp_path / "large.png", "--roi", "0.5,0.5,0.5,0.5")
    (whole,) = rows_of(main, int8, "--source", tmp_path / "small.png")
    assert part["top"] == whole["top"]


def test_answers_are_smoothed(main: Main, int8: Path, folder: Path) -> None:
    rough = rows_of(main, int8, "--source", folder, "--threshold", "0")
    smooth = rows_of(main, int8, "--source", folder, "--threshold", "0", "--smooth", "3/3")
    assert [row["top"] for row in smooth] == [row["top"] for row in rough]
    assert smooth[0]["label"] == "unknown"
    assert sum(bool(row["changed"]) for row in smooth) < sum(bool(row["changed"]) for row in rough)


@pytest.mark.parametrize(("option", "value", "words"), [
    ("--roi", "0,0,2,1", "left,top,width,height"),
    ("--roi", "half", "left,top,width,height"),
    ("--smooth", "2/5", "3/5"),
    ("--hysteresis", "1.5", "hysteresis"),
    ("--fps", "-1", "is not in the range"),
    ("--every", "0", "is not in the range"),
    ("--threshold", "-0.5", "is not in the range"),
])  # fmt: skip
def test_a_value_that_cannot_be_used_is_refused(
    main: Main, int8: Path, option: str, value: str, words: str
) -> None:
    done = main("run", int8, *PATTERN, option, value)
    assert (done.returncode, words in done.stderr, done.stdout) == (2, True, ""), done.stderr


def test_a_threshold_that_is_no_probability_is_refused(main: Main, int8: Path) -> None:
    done = main("run", int8, *PATTERN, "--threshold", "1.5")
    assert done.returncode == 2
    assert "threshold is 1.5" in done.stderr
