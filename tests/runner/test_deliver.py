"""Sinks: lines for people and programs, and a video that is whole or not there."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import DeviceError
from edgecnn.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.capture import open_source
from edgecnn.runner.classify import Prediction
from edgecnn.runner.deliver import LineSink, VideoSink, WindowSink, draw_label, has_screen
from edgecnn.runner.watch import Result

LABELS = ("cat", "dog", "Käfer", "bee")


def result(frame: Frame | None = None, *, number: int = 1, known: bool = True) -> Result:
    row = np.array([0.2, 0.125, 0.65, 0.025], np.float32)
    prediction = Prediction("Käfer", float(row[2]), known, 1.23456, row, LABELS)
    picture = np.full((48, 64, 3), 200, np.uint8) if frame is None else frame
    return Result(number, picture, prediction)


def lines(results: list[Result], *, as_json: bool) -> list[str]:
    out = io.StringIO()
    sink = LineSink(as_json=as_json, out=out)
    for each in results:
        sink(each)
    sink.close()
    return out.getvalue().splitlines()


def count_frames(path: Path) -> int:
    with open_source(str(path)) as opened:
        return sum(1 for _ in opened)


def test_a_line_for_people_tells_number_label_probability_and_time() -> None:
    (line,) = lines([result(number=12)], as_json=False)
    assert line.split() == ["12", "Käfer", "65.0%", "1.235", "ms"]


def test_a_line_for_people_marks_what_is_not_known() -> None:
    (line,) = lines([result(known=False)], as_json=False)
    assert line.endswith("(not known)")


def test_a_line_for_programs_is_json_with_every_field() -> None:
    (line,) = lines([result(number=3, known=False)], as_json=True)
    assert json.loads(line) == {
        "frame": 3,
        "source": "",
        "label": "Käfer",
        "probability": 0.65,
        "known": False,
        "latency_ms": 1.2346,
        "age_ms": 0.0,
        "top": [["Käfer", 0.65], ["cat", 0.2], ["dog", 0.125]],
    }


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "JSON"])
def test_each_result_is_one_line(as_json: bool) -> None:
    assert len(lines([result(number=i) for i in range(5)], as_json=as_json)) == 5


def test_lines_go_to_standard_output_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    LineSink(as_json=True)(result())
    assert json.loads(capsys.readouterr().out)["frame"] == 1


@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "out.mkv"])
def test_the_saved_video_has_a_frame_for_each_result_and_leaves_no_part(
    tmp_path: Path, name: str
) -> None:
    sink = VideoSink(tmp_path / name, fps=25)
    for number in range(1, 16):
        sink(result(number=number))
    sink.close()
    assert count_frames(tmp_path / name) == 15
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_video_has_no_name_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    sink = VideoSink(path, fps=25)
    sink(result())
    assert not path.exists()
    sink.close()
    assert path.exists()


def test_a_video_of_no_results_is_not_made(tmp_path: Path) -> None:
    VideoSink(tmp_path / "out.mp4", fps=25).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("claimed", "written"), [(10.0, 10.0), (0.0, 25.0), (1e6, 25.0)])
def test_a_rate_that_no_camera_has_becomes_25(
    tmp_path: Path, claimed: float, written: float
) -> None:
    sink = VideoSink(tmp_path / "out.mp4", claimed)
    for _ in range(5):
        sink(result())
    sink.close()
    with open_source(str(tmp_path / "out.mp4")) as opened:
        assert opened.fps == written


OTHERS = {
    "larger": (96, 128, 3),
    "smaller": (24, 32, 3),
    "odd": (47, 63, 3),
    "gray": (48, 64),
    "gray with an axis": (48, 64, 1),
    "BGRA": (48, 64, 4),
}


@pytest.mark.parametrize("shape", OTHERS.values(), ids=OTHERS)
def test_a_video_takes_frames_of_other_sizes_and_channels(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=25)
    for frame in (np.zeros((48, 64, 3), np.uint8), np.full(shape, 255, np.uint8)):
        sink(result(frame))
    sink.close()
    with open_source(str(tmp_path / "out.mp4")) as opened:
        saved = list(opened)
    assert [frame.shape for frame in saved] == [(48, 64, 3)] * 2
    assert saved[1][-5:].mean() > 240


@pytest.mark.parametrize("shape", OTHERS.values(), ids=OTHERS)
def test_a_video_may_begin_with_any_frame(tmp_path: Path, shape: tuple[int, ...]) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=25)
    sink(result(np.zeros(shape, np.uint8)))
    sink.close()
    assert count_frames(tmp_path / "out.mp4") == 1


UNWRITABLE = {
    "below a file": "file/out.mp4",
    "in a folder that is not there": "absent/out.mp4",
    "of an unknown kind": "out.xyz",
    "that is a folder": "folder",
}


@pytest.mark.parametrize("name", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_video_at_an_unwritable_path_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    sink = VideoSink(tmp_path / name, fps=25)
    with pytest.raises(DeviceError, match="cannot be written") as refusal:
        sink(result())
    assert str(tmp_path / name) in refusal.value.what
    assert "out.mp4" in refusal.value.remedy
    sink.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from edgecnn.runner.classify import Prediction
from edgecnn.runner.deliver import VideoSink
from edgecnn.runner.watch import Result

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
prediction = Prediction("cat", 1.0, True, 1.0, np.ones(1, np.float32), ("cat",))
sink = VideoSink(Path(sys.argv[1]), 25)
noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
for number in range(1, 60):
    sink(Result(number, np.roll(noise, number, axis=1), prediction))
sink.close()
"""


def test_a_video_that_the_disk_cannot_hold_is_an_error_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"the old video")
    done = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"DeviceError: video {path}" in done.stderr
    assert "free some space" in done.stderr
    assert path.read_bytes() == b"the old video"
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("shape", [(48, 64, 3), *OTHERS.values()], ids=["BGR", *OTHERS])
def test_the_label_is_drawn_on_a_bgr_copy(shape: tuple[int, ...]) -> None:
    frame = np.full(shape, 200, np.uint8)
    drawn = draw_label(result(frame))
    assert drawn.shape == (*shape[:2], 3)
    assert np.all(frame == 200)
    assert np.any(drawn[:10] != 200)
    assert np.all(drawn[-5:] == 200)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 500, 3), (2000, 20, 3)], ids=str)
def test_a_label_can_be_drawn_on_frames_of_odd_shapes(shape: tuple[int, ...]) -> None:
    assert draw_label(result(np.zeros(shape, np.uint8))).shape == shape


def test_a_label_can_be_drawn_on_a_frame_that_must_not_change() -> None:
    frame = np.full((48, 64, 3), 200, np.uint8)
    frame.setflags(write=False)
    assert np.any(draw_label(result(frame)) != 200)


def test_a_window_without_a_screen_is_an_error_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DeviceError, match="no screen") as refusal:
        WindowSink()
    assert "--save" in refusal.value.remedy


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_screen_is_known_by_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not has_screen()
    monkeypatch.setenv(variable, ":0")
    assert has_screen()


def test_opencv_writes_the_codec_that_players_know(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=25)
    sink(result())
    sink.close()
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"), cv2.CAP_FFMPEG)
    code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    capture.release()
    assert code in (b"mp4v", b"FMP4")
