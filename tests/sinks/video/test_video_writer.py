"""Frames of one source become videos, one after the other."""

from pathlib import Path

import numpy as np
import pytest

from edgecnn.sinks.video.video_writer import MEASURED_FRAMES, VideoWriter
from edgecnn.sources.capture import open_source

FRAME = np.full((48, 64, 3), 90, np.uint8)


def write(writer: VideoWriter, count: int, fps: float, start_s: float = 0.0) -> None:
    for number in range(count):
        writer.add(start_s + number / fps, FRAME)


def facts(path: Path) -> tuple[float, int]:
    """Return a video's rate and number of frames."""
    with open_source(str(path)) as opened:
        return opened.fps, sum(1 for _ in opened)


@pytest.fixture
def paths() -> list[Path]:
    return []


def planned(tmp_path: Path, paths: list[Path], fps: float | None) -> VideoWriter:
    def path_for(time_s: float) -> Path:
        paths.append(tmp_path / f"{len(paths)}-{time_s:g}.mp4")
        return paths[-1]

    return VideoWriter(path_for, fps)


def test_with_a_claimed_rate_a_video_begins_at_once(tmp_path: Path, paths: list[Path]) -> None:
    writer = planned(tmp_path, paths, 20.0)
    writer.add(7.0, FRAME)
    assert [path.name for path in paths] == ["0-7.mp4"]
    assert writer.seconds == 1 / 20
    writer.finish()
    assert facts(paths[0]) == (20.0, 1)


def test_a_measured_video_begins_with_its_first_frame_once_the_rate_is_known(
    tmp_path: Path, paths: list[Path]
) -> None:
    writer = planned(tmp_path, paths, None)
    write(writer, MEASURED_FRAMES - 1, fps=10.0, start_s=5.0)
    assert (paths, writer.kib) == ([], 0.0)
    write(writer, 1, fps=10.0, start_s=5.9)
    assert [path.name for path in paths] == ["0-5.mp4"]
    writer.finish()
    assert facts(paths[0]) == (pytest.approx(10.0), MEASURED_FRAMES)


def test_the_next_video_has_the_rate_of_the_one_before(tmp_path: Path, paths: list[Path]) -> None:
    writer = planned(tmp_path, paths, None)
    write(writer, 2 * MEASURED_FRAMES, fps=12.5)
    writer.finish()
    write(writer, 2, fps=12.5, start_s=9.0)
    writer.finish()
    assert facts(paths[1]) == (pytest.approx(12.5), 2)


def test_only_frames_of_the_first_ones_shape_fit(tmp_path: Path, paths: list[Path]) -> None:
    writer, other = planned(tmp_path, paths, 20.0), np.zeros((24, 32, 3), np.uint8)
    assert writer.fits(other)
    writer.add(0.0, FRAME)
    assert (writer.fits(FRAME), writer.fits(other)) == (True, False)
    writer.finish()
    assert writer.fits(other)
