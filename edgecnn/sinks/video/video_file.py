"""One video file: it is written beside its place, checked, and gets its name when it is whole."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from edgecnn.atomic import sync_folder
from edgecnn.errors import DeviceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

PART = ".part"


class VideoFile:
    """A video file while it is written; a process that is killed leaves a part of it behind."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        """Begin a file.

        Args:
            path: What it will be called.
            fps: Frames a second.
            size: Width and height; frames of another size are scaled.

        Raises:
            DeviceError: It cannot be written.
        """
        self.frames = 0
        self._path, self._size = path, size
        ending = path.suffix or ".mp4"  # by which FFmpeg knows the kind
        self._part = path.with_name(f".{path.stem}.{os.getpid()}{PART}{ending}")
        self._lock = _lock_new(self._part, path)
        try:
            self._writer = open_video(self._part, path, fps, size)
        except DeviceError:
            self._drop()
            raise

    @property
    def kib(self) -> float:
        """What is on the disk of it until now."""
        return os.fstat(self._lock).st_size / 1024

    def write(self, frame: Frame) -> None:
        """Add a (H, W, 3) BGR frame."""
        if (frame.shape[1], frame.shape[0]) != self._size:
            frame = cv2.resize(frame, self._size)
        self._writer.write(frame)
        self.frames += 1

    def finish(self) -> None:
        """Give the file its name.

        Raises:
            DeviceError: The disk is full or gone; an older file of that name is untouched.
        """
        self._writer.release()
        try:
            if not _shows_frame(self._part, self.frames - 1):
                raise DeviceError(
                    f"video {self._path} could not be written whole",
                    remedy="free some space or choose another disk",
                )
            self._name()
        finally:
            self._drop()

    def _name(self) -> None:
        try:
            os.fsync(self._lock)
            self._part.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise DeviceError(
                f"video {self._path} could not be written: {error.strerror}",
                remedy="look at its disk",
            ) from error

    def _drop(self) -> None:
        with suppress(OSError):  # it has its name, or its disk has gone
            self._part.unlink(missing_ok=True)
        os.close(self._lock)


def remove_parts(folder: Path, pattern: str) -> None:
    """Remove what killed processes left of the clips whose names match; not what is written now."""
    for path in folder.glob(f".{pattern}.*{PART}.*"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its writer holds the lock, if any
            path.unlink()


def open_video(part: Path, path: Path, fps: float, size: tuple[int, int]) -> "cv2.VideoWriter":
    """Open `part` for the video that will be `path`: (height, width, 3) BGR frames as MP4.

    Raises:
        DeviceError: It cannot be written, or `path` is a folder.
    """
    if not path.is_dir():
        code = cv2.VideoWriter.fourcc(*"mp4v")
        # MPEG-4 divides a second into 65,535 parts at most: 123.457 frames/s would need 123,457.
        fps = round(fps, 3) if fps < 65 else round(fps)
        writer = cv2.VideoWriter(str(part), cv2.CAP_FFMPEG, code, fps, size)
        if writer.isOpened():
            return writer
    raise DeviceError(
        f"video {path} cannot be written", remedy="give a path like out.mp4, or another folder"
    )


def _shows_frame(path: Path, index: int) -> bool:
    """Tell whether a video still has its last frame: OpenCV does not tell when a write fails.

    A cut MP4 mostly has no index and does not open; one that is cut in its index's last bytes
    opens, claims all frames and shows none.
    """
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    capture.set(cv2.CAP_PROP_POS_FRAMES, index)
    shown, _ = capture.read()
    capture.release()
    return bool(shown)


def _lock_new(part: Path, path: Path) -> int:
    """Create a file and hold its lock, which the system frees when this process ends."""
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise DeviceError(
            f"video {path} cannot be written: {error.strerror}",
            remedy="give a path like out.mp4, or another folder",
        ) from error
    return descriptor
