"""A video can be written at every rate that a camera may have."""

from pathlib import Path

import numpy as np
import pytest

from edgecnn.opencv import cv2
from edgecnn.sinks.video.video_file import VideoFile


@pytest.mark.parametrize("fps", [1.0, 7.3333333, 14.985, 29.97, 64.9999, 65.0001, 123.4567, 239.9])
def test_a_video_has_the_rate_of_its_camera(tmp_path: Path, fps: float) -> None:
    video = VideoFile(tmp_path / "video.mp4", fps, (64, 48))
    for level in range(0, 200, 20):
        video.write(np.full((48, 64, 3), level, np.uint8))
    video.finish()
    written = cv2.VideoCapture(str(tmp_path / "video.mp4")).get(cv2.CAP_PROP_FPS)
    assert written == pytest.approx(fps, rel=0.005)
