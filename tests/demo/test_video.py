"""A video of held-out pictures: every frame shows the picture whose class it is said to show."""

from pathlib import Path

import numpy as np
import pytest

from edgecnn.data.dataset import Pictures
from edgecnn.demo.video import FRAMES_PER_PICTURE, write_video
from edgecnn.errors import DeviceError
from edgecnn.opencv import cv2

LEVELS = np.array([40, 100, 160, 220])


@pytest.fixture
def plain() -> Pictures:
    """Four pictures of one gray each; class i has level i."""
    frames = np.repeat(LEVELS, 8 * 8).reshape(4, 8, 8, 1).astype(np.uint8)
    return Pictures(frames, np.arange(4))


def read_frames(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames = []
    while (answer := capture.read())[0]:
        frames.append(answer[1])
    capture.release()
    return frames


def test_every_frame_shows_the_class_it_is_said_to_show(plain: Pictures, tmp_path: Path) -> None:
    truth = write_video(tmp_path / "new" / "held-out.mp4", plain, count=4)
    frames = read_frames(tmp_path / "new" / "held-out.mp4")
    assert len(frames) == len(truth) == 4 * FRAMES_PER_PICTURE
    assert sorted(truth) == sorted([0, 1, 2, 3] * FRAMES_PER_PICTURE)
    for frame, label in zip(frames, truth, strict=True):
        assert frame.shape == (480, 640, 3)
        assert abs(int(frame[240, 320].mean()) - LEVELS[label]) < 10


def test_no_more_pictures_are_shown_than_there_are(plain: Pictures, tmp_path: Path) -> None:
    assert len(write_video(tmp_path / "a.mp4", plain, count=100)) == 4 * FRAMES_PER_PICTURE


def test_the_same_seed_shows_the_same_pictures(plain: Pictures, tmp_path: Path) -> None:
    orders = [write_video(tmp_path / f"{seed}.mp4", plain, 4, seed) for seed in (1, 1, 2, 3)]
    assert orders[0] == orders[1]
    assert any(order != orders[0] for order in orders[2:])


def test_a_video_that_cannot_be_written_is_refused(plain: Pictures, tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(DeviceError, match=r"folder\.mp4") as caught:
        write_video(tmp_path / "folder.mp4", plain, count=1)
    assert "another folder" in caught.value.remedy
