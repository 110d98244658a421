"""A labelled video: whole, or not there."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from results import result

from edgecnn.errors import DeviceError
from edgecnn.opencv import cv2
from edgecnn.sinks.video.video_sink import VideoSink
from edgecnn.sources.capture import open_source

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def run_python(code: str, *arguments: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, check=True, timeout=60, env=ENVIRONMENT,
    )  # fmt: skip


def count_frames(path: Path) -> int:
    with open_source(str(path)) as opened:
        return sum(1 for _ in opened)


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
from results import picture, result
from edgecnn.errors import DeviceError
from edgecnn.sinks.video.video_sink import VideoSink

results = [result(picture(number, 64, 64)) for number in range(1, 60)]

def save(path):
    sink = VideoSink(path, 25)
    for each in results:
        sink(each)
    sink.close()

path, old = Path(sys.argv[1]), Path(sys.argv[1]).read_bytes()
save(path.with_name("whole.mp4"))
size = path.with_name("whole.mp4").stat().st_size
for limit in (0, 100, size // 2, *range(size - 1000, size - 90, 10)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, 10**9))
    try:
        save(path)
        print("saved in", limit, "of", size)
    except DeviceError as error:
        print(str(error).replace("\\n", " "))
    assert path.read_bytes() == old
"""


def test_a_video_that_the_disk_cannot_hold_is_an_error_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"the old video")
    told = run_python(ON_A_FULL_DISK, path).stdout.splitlines()
    assert len(told) == 94
    assert all(line.startswith(f"video {path} ") for line in told), told
    assert "free some disk space" in told[2]
    assert path.read_bytes() == b"the old video"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.mp4", "whole.mp4"]


WRITING = """
import sys, time
from pathlib import Path
from results import result
from edgecnn.sinks.video.video_sink import VideoSink
sink = VideoSink(Path(sys.argv[1]), 25)
sink(result())
print("written", flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(tmp_path / "out.mp4")],
        stdout=subprocess.PIPE, env=ENVIRONMENT,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    (part,) = tmp_path.iterdir()
    VideoSink(tmp_path / "out.mp4", 25)
    assert part.exists()
    process.kill()
    process.communicate(timeout=30)
    VideoSink(tmp_path / "other.mp4", 25)
    assert part.exists()
    VideoSink(tmp_path / "out.mp4", 25)
    assert not part.exists()


@pytest.mark.parametrize("frames", [1, 5, 16, 40])
def test_without_a_claim_the_rate_is_the_one_at_which_frames_come_and_none_is_lost(
    tmp_path: Path, frames: int
) -> None:
    sink = VideoSink(tmp_path / "out.mp4", None)
    for number in range(1, frames + 1):
        sink(result(number=number, fps=12.5))
    sink.close()
    with open_source(str(tmp_path / "out.mp4")) as opened:
        assert opened.fps == pytest.approx(12.5 if frames > 1 else 25.0)
        assert sum(1 for _ in opened) == frames


def test_opencv_writes_the_codec_that_players_know(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", fps=25)
    sink(result())
    sink.close()
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"), cv2.CAP_FFMPEG)
    code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    capture.release()
    assert code in (b"mp4v", b"FMP4")
