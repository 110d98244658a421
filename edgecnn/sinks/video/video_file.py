"""One video file: written under a temporary name, checked, then renamed."""

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
    """A video file while it is written. A killed process leaves a temporary file behind."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        """Open a temporary file beside `path`.

        Args:
            path: The final path.
            fps: Frames per second.
            size: Width and height in pixels; frames of another size are scaled.

        Raises:
            DeviceError: The path is not writable.
        """
        self.frames = 0
        self._path, self._size = path, size
        ending = path.suffix or ".mp4"  # FFmpeg chooses the container by it
        self._part = path.with_name(f".{path.stem}.{os.getpid()}{PART}{ending}")
        self._lock = _create_locked(self._part, path)
        try:
            self._writer = open_video(self._part, path, fps, size)
        except DeviceError:
            self._drop()
            raise

    @property
    def kib(self) -> float:
        """The size on disk so far."""
        return os.fstat(self._lock).st_size / 1024

    def write(self, frame: Frame) -> None:
        """Append a (H, W, 3) uint8 BGR frame."""
        if (frame.shape[1], frame.shape[0]) != self._size:
            frame = cv2.resize(frame, self._size)
        self._writer.write(frame)
        self.frames += 1

    def finish(self) -> None:
        """Complete the file and rename it to its final path.

        Raises:
            DeviceError: The disk is full or was removed; an older file of this name is unchanged.
        """
        self._writer.release()
        try:
            if not _has_frame(self._part, self.frames - 1):
                raise DeviceError(
                    f"video {self._path} could not be written completely",
                    remedy="free some disk space, or use another disk",
                )
            self._rename()
        finally:
            self._drop()

    def _rename(self) -> None:
        try:
            os.fsync(self._lock)
            self._part.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise DeviceError(
                f"video {self._path} could not be written: {error.strerror}",
                remedy="check its disk",
            ) from error

    def _drop(self) -> None:
        with suppress(OSError):  # it was renamed, or its disk was removed
            self._part.unlink(missing_ok=True)
        os.close(self._lock)


def remove_parts(folder: Path, pattern: str) -> None:
    """Remove temporary files of killed processes; files that are being written stay.

    Args:
        folder: Where the videos are.
        pattern: Glob pattern of the videos' names without suffix.
    """
    for path in folder.glob(f".{pattern}.*{PART}.*"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a live writer holds the lock
            path.unlink()


def open_video(part: Path, path: Path, fps: float, size: tuple[int, int]) -> "cv2.VideoWriter":
    """Open an MPEG-4 video for (H, W, 3) uint8 BGR frames.

    Args:
        part: The temporary file.
        path: The final path, for messages.
        fps: Frames per second.
        size: Width and height, pixels.

    Raises:
        DeviceError: The file is not writable, or `path` is a folder.
    """
    if not path.is_dir():
        code = cv2.VideoWriter.fourcc(*"mp4v")
        # MPEG-4 counts time in at most 65,535 ticks per second: 123.457 fps would need 123,457.
        fps = round(fps, 3) if fps < 65 else round(fps)
        writer = cv2.VideoWriter(str(part), cv2.CAP_FFMPEG, code, fps, size)
        if writer.isOpened():
            return writer
    raise DeviceError(
        f"video {path} cannot be written", remedy="give a path like out.mp4, or another folder"
    )


def _has_frame(path: Path, index: int) -> bool:
    """Return whether this frame can be decoded: OpenCV does not report failed writes.

    A truncated MP4 mostly lacks its index and does not open. If only the last bytes of the index
    are missing, it opens and claims all frames, but none can be decoded.
    """
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    capture.set(cv2.CAP_PROP_POS_FRAMES, index)
    found, _ = capture.read()
    capture.release()
    return bool(found)


def _create_locked(part: Path, path: Path) -> int:
    """Create a file and lock it; the system releases the lock when this process ends."""
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise DeviceError(
            f"video {path} cannot be written: {error.strerror}",
            remedy="give a path like out.mp4, or another folder",
        ) from error
    return descriptor
