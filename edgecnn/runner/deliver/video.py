"""A labelled video of a run."""

import os
from pathlib import Path

from edgecnn.errors import DeviceError
from edgecnn.files import sync_folder
from edgecnn.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.deliver.overlay import draw_label
from edgecnn.runner.result import Result


class VideoSink:
    """Writes an MP4 with the labels drawn; it gets its name when it is whole."""

    name, depth, vital = "video", 8, False

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix or '.mp4'}")
        self._fps = fps if 1 <= fps <= 240 else 25.0
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __call__(self, result: Result) -> None:
        """Draw and write one frame; frames of another size are scaled to the first one's."""
        frame = draw_label(result)
        if self._writer is None:
            self._writer = self._open(frame)
        if (frame.shape[1], frame.shape[0]) != self._size:
            frame = cv2.resize(frame, self._size)
        self._writer.write(frame)

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            DeviceError: The disk is full; an older file of that name is untouched.
        """
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        # OpenCV does not tell when a write fails; a cut MP4 has no index and does not open.
        if not cv2.VideoCapture(str(self._part), cv2.CAP_FFMPEG).isOpened():
            self._part.unlink(missing_ok=True)
            raise DeviceError(
                f"video {self._path} could not be written whole",
                remedy="free some space or choose another disk",
            )
        self._part.replace(self._path)
        sync_folder(self._path.parent)

    def _open(self, frame: Frame) -> "cv2.VideoWriter":
        self._size = (frame.shape[1], frame.shape[0])
        return open_video(self._part, self._path, self._fps, self._size)


def open_video(part: Path, path: Path, fps: float, size: tuple[int, int]) -> "cv2.VideoWriter":
    """Open `part` for the video that will be `path`: (height, width, 3) BGR frames as MP4.

    Raises:
        DeviceError: It cannot be written, or `path` is a folder.
    """
    if not path.is_dir():
        code = cv2.VideoWriter.fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(part), cv2.CAP_FFMPEG, code, fps, size)
        if writer.isOpened():
            return writer
    raise DeviceError(
        f"video {path} cannot be written", remedy="give a path like out.mp4, or another folder"
    )
