"""`edgecnn run`: what its options change, and what they refuse."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from commands import Main, command
from conftest import real_data

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, encode_png

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


def test_lines_name_the_picture(main: Main, int8: Path, folder: Path) -> None:
    rows = rows_of(main, int8, "--source", folder)
    assert [row["picture"] for row in rows] == sorted(map(str, folder.iterdir()))
    assert str(folder / "00.png") in main("run", int8, "--source", folder).stdout.splitlines()[0]


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
    ("--watchdog", "0", "is not in the range"),
    ("--session", "session.intra_op.allow_spining=1", "did you mean session.intra_op.allow_spin"),
    ("--session", "nonsense", "KEY=VALUE"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused(
    main: Main, int8: Path, option: str, value: str, words: str
) -> None:
    done = main("run", int8, *PATTERN, option, value)
    assert (done.returncode, words in done.stderr, done.stdout) == (2, True, ""), done.stderr


def test_a_threshold_that_is_no_probability_is_refused(main: Main, int8: Path) -> None:
    done = main("run", int8, *PATTERN, "--threshold", "1.5")
    assert done.returncode == 2
    assert "threshold is 1.5" in done.stderr


def test_a_session_setting_reaches_onnxruntime(main: Main, int8: Path) -> None:
    setting = ("--session", "session.intra_op.allow_spinning=1")
    assert main("run", int8, *PATTERN, "--max-frames", "1", *setting).returncode == 0


def test_a_run_waits_for_a_camera_only_if_told_to() -> None:
    done = command("run", "article-mnist", "--source", "/dev/video98")
    assert (done.returncode, "--wait" in done.stderr) == (3, True)


def test_run_prints_a_line_a_frame_and_a_summary(main: Main, int8: Path) -> None:
    done = main("run", int8, "--source", "pattern", "--max-frames", "5")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 5
    assert "5 frames in" in done.stderr
    assert "p99" in done.stderr


def test_run_prints_json_lines_that_parse(main: Main, int8: Path) -> None:
    done = main("run", int8, "--source", "pattern", "--max-frames", "3", "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["frame"] for row in rows] == [1, 2, 3]
    assert rows[0]["label"] in "0123456789"
    assert rows[0]["top"][0] == [rows[0]["label"], rows[0]["probability"]]


def test_run_drops_no_frame_of_a_video(main: Main, int8: Path) -> None:
    video = real_data("video", "car-detection.mp4")
    done = main("run", int8, "--source", video, "--format", "json")
    report = json.loads(done.stdout)
    assert (report["frames"], report["dropped"]) == (377, 0)


def test_run_reads_several_sources_and_tags_their_lines(
    main: Main, int8: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "one.png"), np.zeros((40, 40, 3), np.uint8))
    sources = ("--source", tmp_path / "a", "--source", tmp_path / "b")
    done = main("run", int8, *sources)
    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == [
        str(tmp_path / "a"),
        str(tmp_path / "b"),
    ]
    rows = [
        json.loads(line)
        for line in main("run", int8, *sources, "--format", "jsonl").stdout.splitlines()
    ]
    assert {row["source"] for row in rows} == {str(tmp_path / "a"), str(tmp_path / "b")}
    assert all(row["age_ms"] >= row["latency_ms"] for row in rows)


def test_run_saves_a_labelled_video(main: Main, int8: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    done = main("run", int8, "--source", "pattern", "--max-frames", "4", "--save", path)
    assert done.returncode == 0
    capture = cv2.VideoCapture(str(path))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 4


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
def test_a_camera_that_another_process_holds_is_reported_with_its_pid() -> None:
    with Path("/dev/full").open() as held:  # a device that OpenCV cannot open either way
        done = command("run", "digits", "--source", "/dev/full")
        assert not held.closed
    assert done.returncode == 5
    assert f"it is busy: pid {os.getpid()} (" in done.stderr
    assert "`edgecnn devices` tells more" in done.stderr
