"""Inside the capture process: opens a live source and reads one picture after the other."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgecnn.errors import SourceError
from edgecnn.exhaustive import assert_never
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, decode_picture
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.listing import list_cameras, who_holds
from edgecnn.sources.cameras.settings import configure
from edgecnn.sources.live.capture_job import CaptureJob
from edgecnn.sources.live.command import open_command
from edgecnn.sources.live.mjpeg import JpegSplitter, MultipartSplitter

STREAM_OPTIONS = "rtsp_transport;tcp"
"""UDP loses packets, and with them parts of pictures. A variable that the user set has priority."""


@dataclass(frozen=True)
class Opened:
    """An open live source."""

    pictures: Iterator[Frame | None]
    """(H, W, 3) uint8 BGR; None for a picture that could not be decoded."""
    facts: tuple[str, ...] = ()
    """Format, or camera settings, for the user."""
    fps: float = 0.0
    """Frames a second as the source claims; 0 if it makes no claim."""


@contextmanager
def open_live(job: CaptureJob) -> Generator[Opened, None, None]:
    """Open a live source; it is released when the block ends, however it ends.

    Raises:
        SourceError: It cannot be opened; while iterating: it stopped.
    """
    match job.kind:
        case Kind.COMMAND:
            opening = _open_command(job)
        case Kind.HTTP:
            opening = _open_http(job)
        case Kind.CAMERA | Kind.STREAM:
            opening = _open_opencv(job)
        case Kind.PATTERN | Kind.PICTURES | Kind.FILE:
            raise AssertionError(f"{job.kind} is not a live source")
        case _:
            assert_never(job.kind)
    with opening as opened:
        yield opened


@contextmanager
def _open_command(job: CaptureJob) -> Generator[Opened, None, None]:
    with open_command(job.place) as command:
        decoded = _decode(command.read(), JpegSplitter())
        yield Opened(command.frames() if command.is_raw else decoded)


@contextmanager
def _open_http(job: CaptureJob) -> Generator[Opened, None, None]:
    # Imported here: other sources start sooner without HTTP and TLS.
    from edgecnn.sources.live.http_camera import open_http

    with open_http(job.place, job.limit_s) as stream:
        if stream is not None:
            yield Opened(_decode(stream.read(), stream.splitter), ("motion JPEG",))
    if stream is None:  # another video format
        with _open_opencv(job) as opened:
            yield opened


def _decode(
    chunks: Iterator[bytes], splitter: MultipartSplitter | JpegSplitter
) -> Iterator[Frame | None]:
    for chunk in chunks:
        for part in splitter.feed(chunk):
            yield decode_picture(part)


@contextmanager
def _open_opencv(job: CaptureJob) -> Generator[Opened, None, None]:
    camera = job.kind is Kind.CAMERA
    capture = _connect(job, camera=camera)
    try:
        if not capture.isOpened():
            raise _not_opened(job.place, camera=camera)
        facts = tuple(configure(capture, job.settings)) if camera else ()
        yield Opened(_read(capture), facts, capture.get(cv2.CAP_PROP_FPS))
    finally:
        capture.release()


def _connect(job: CaptureJob, *, camera: bool) -> "cv2.VideoCapture":
    if camera:
        return cv2.VideoCapture(job.place, cv2.CAP_V4L2)
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", STREAM_OPTIONS)
    limit_ms = int(job.limit_s * 1000)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms]
    return cv2.VideoCapture(job.place, cv2.CAP_FFMPEG, limits)


def _not_opened(place: str, *, camera: bool) -> SourceError:
    if not camera:
        return SourceError("OpenCV cannot open it", remedy="check the address and the camera")
    cameras = ", ".join(f"{found.source} ({found.name})" for found in list_cameras())
    listed = f"cameras here: {cameras}" if cameras else "no camera is connected"
    holder = who_holds(Path(place))
    return SourceError(
        f"it is busy: {holder}" if holder else "OpenCV cannot open it",
        remedy=f"check the index, or give --wait; {listed}; `edgecnn devices` tells more",
    )


def _read(capture: "cv2.VideoCapture") -> Iterator[Frame]:
    while True:
        done, frame = capture.read()
        if not done:
            raise SourceError("the stream ended", remedy="check cable and network")
        yield frame
