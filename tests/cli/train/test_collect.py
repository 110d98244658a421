"""`edgecnn collect` as a user meets it: its output, its exit codes, Ctrl-C."""

import json
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import Main, command, started

from edgecnn.collector.recording import Recording
from edgecnn.opencv import cv2, encode_png


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A folder with two pictures and a black one."""
    coarse = np.random.default_rng(0).integers(0, 256, (3, 8, 9), np.uint8)
    coarse[2] = 0
    (tmp_path / "in").mkdir()
    for number, cells in enumerate(coarse):
        picture = cv2.resize(cells, (320, 240), interpolation=cv2.INTER_NEAREST)
        (tmp_path / "in" / f"{number}.png").write_bytes(encode_png(picture))
    return str(tmp_path / "in")


def test_the_report_says_what_was_kept_dropped_and_is_missing(source: str, tmp_path: Path) -> None:
    done = command("collect", "--label", "cup", "--source", source, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for words in ("2 of 3 frames", "1 one colour, 0 blurred", "train, the whole", "make a second"):
        assert words in done.stdout
    assert len(done.stderr.splitlines()) == 2  # a path for each picture


def test_the_report_as_json_is_what_lies_in_the_folder(
    main: Main, source: str, tmp_path: Path
) -> None:
    done = main("collect", "--label", "cup", "--source", source, "--out", tmp_path / "out",
                "--format", "json")  # fmt: skip
    report = json.loads(done.stdout)
    assert (report["label"], report["split"], report["kept"]) == ("cup", "train", 2)
    assert len(list(Path(report["folder"]).iterdir())) == 2


def test_background_pictures_have_their_class_and_a_warning(
    main: Main, source: str, tmp_path: Path
) -> None:
    done = main("collect", "--background", "--source", source, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "train" / "background").is_dir()
    assert "always answers one of its classes" in done.stderr
    assert "no background class" not in done.stdout


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["--source", "pattern"], 2, "there is no --label"),
    (["--source", "pattern", "--label", "cup", "--background"], 2, "both --label and --background"),
    (["--source", "pattern", "--label", "a/b"], 2, "class folder's name"),
    (["--source", "pattern", "--label", "cup", "--every", "soon"], 2, "0.5s"),
    (["--source", "pattern", "--label", "cup", "--split", "half"], 2, "half"),
    (["--source", "gone.mp4", "--label", "cup"], 3, "gone.mp4"),
    (["--source", "99", "--label", "cup"], 3, "no camera '99'"),
])  # fmt: skip
def test_what_goes_wrong_has_one_message_and_a_stable_exit_code(
    main: Main, arguments: list[str], code: int, words: str, tmp_path: Path
) -> None:
    done = main("collect", *arguments, "--out", tmp_path / "out")
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "out").exists()


def test_ctrl_c_ends_a_recording_with_its_report_and_all_its_pictures(tmp_path: Path) -> None:
    words = ("-m", "edgecnn", "collect", "--label", "cup", "--source", "pattern", "--every", "1",
             "--min-change", "0", "--out", tmp_path, "--format", "json")  # fmt: skip
    with started(sys.executable, *words) as process:
        assert process.stderr is not None
        for _ in range(3):
            process.stderr.readline()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    report = json.loads(output)
    (path,) = (tmp_path / "recordings").iterdir()
    recording = Recording.from_json(path.read_text())
    assert recording.interrupted
    assert report["kept"] == len(recording.hashes) >= 3


def test_help_names_collect_and_says_that_pictures_stay_here(main: Main) -> None:
    assert "they stay on this machine" in " ".join(main("collect", "--help").stdout.split())
