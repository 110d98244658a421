"""Camera settings: what is asked for, in the order that drivers need."""

from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.opencv import cv2
from edgecnn.sources.cameras.settings import CameraSettings, configure, parse_size

MJPG = float(int.from_bytes(b"MJPG", "little"))


def test_nothing_is_asked_by_default() -> None:
    assert CameraSettings().properties() == {}


def test_the_pixel_format_is_asked_first_since_it_decides_the_sizes() -> None:
    settings = CameraSettings(width=640, height=480, fourcc="MJPG", fps=30.0, exposure=-6.0)
    assert list(settings.properties().items()) == [
        (cv2.CAP_PROP_FOURCC, MJPG),
        (cv2.CAP_PROP_FRAME_WIDTH, 640.0),
        (cv2.CAP_PROP_FRAME_HEIGHT, 480.0),
        (cv2.CAP_PROP_FPS, 30.0),
        (cv2.CAP_PROP_EXPOSURE, -6.0),
    ]


def test_only_what_was_given_is_asked() -> None:
    assert CameraSettings(fps=15.0).properties() == {cv2.CAP_PROP_FPS: 15.0}


@pytest.mark.parametrize("fourcc", ["M", "MJP", "MJPEG"])
def test_a_pixel_format_is_four_letters(fourcc: str) -> None:
    with pytest.raises(OptionError, match=f"--fourcc is '{fourcc}'") as refusal:
        CameraSettings(fourcc=fourcc).properties()
    assert "MJPG" in refusal.value.remedy


SIZES = {"": (0, 0), "640x480": (640, 480), "1x1": (1, 1), "1920x1080": (1920, 1080)}


@pytest.mark.parametrize(("text", "size"), SIZES.items(), ids=lambda value: str(value) or "none")
def test_a_size_is_width_times_height(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["640", "x", "640x", "x480", "640X480", "640x480x3", "-640x480", "6.4x4.8", "a x b"]
)
def test_any_other_size_is_refused_by_name(text: str) -> None:
    with pytest.raises(OptionError, match=f"--size is '{text}'") as refusal:
        parse_size(text)
    assert "640x480" in refusal.value.remedy


def test_what_was_asked_stands_beside_what_was_got(tmp_path: Path) -> None:
    """A video cannot change its size: a camera that will not obey."""
    path = tmp_path / "fixed.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    told = configure(capture, CameraSettings(width=320, fourcc="YUYV", fps=30.0))
    capture.release()
    assert told == [
        "fourcc asked YUYV got MJPG",
        "width asked 320 got 64",
        "fps asked 30 got 25",
    ]
