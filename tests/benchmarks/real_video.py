"""The real video that several benchmarks read."""

import os
from collections.abc import Iterator
from pathlib import Path

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

VIDEO = Path(os.environ.get("EDGECNN_DATA", "."), "video", "car-detection.mp4")
SIZE = (640, 480)


def there(video: Path) -> Path:
    """Return a video's path; end the program if there is none."""
    if not video.is_file():
        raise SystemExit(f"there is no video {video}: set EDGECNN_DATA to the folder of the data")
    return video


def frames(video: Path) -> Iterator[Frame]:
    """Yield a video's frames, 640x480."""
    capture = cv2.VideoCapture(str(there(video)))
    while (read := capture.read())[0]:
        yield cv2.resize(read[1], SIZE)
    capture.release()
