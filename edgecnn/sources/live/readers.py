"""Inside the capture process: open a live source and read one picture after the other."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgecnn.errors import SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, decode_picture
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.listing import list_cameras, who_holds
from edgecnn.sources.cameras.settings import configure
from edgecnn.sources.live.capture_job import CaptureJob
from edgecnn.sources.live.command import open_command
from edgecnn.sources.live.mjpeg import JpegSplitter, MultipartSplitter

STREAM_OPTIONS = "rtsp_transport;tcp"
"""UDP loses packets, and with them parts of pictures. The environment's own options win."""


@dataclass(frozen=True)
class Opened:
    """A source that gives pictures."""

    pictures: Iterator[Frame | None]
    """None: a picture that could not be decoded."""
    facts: tuple[str, ...] = ()
    fps: float = 0.0
    """Frames a second as the source claims them; 0 if it does not."""


@contextmanager
def open_live(job: CaptureJob) -> Generator[Opened, None, None]:
    """Open a live source; it is released on every way out.

    Raises:
        SourceError: It did not open; while iterating: it stopped.
    """
    if job.kind is Kind.COMMAND:
        with open_command(job.place) as command:
            decoded = _decode(command.read(), JpegSplitter())
            yield Opened(command.frames() if command.raw else decoded)
    elif job.kind is Kind.HTTP:
        from edgecnn.sources.live.http_camera import (
            open_http,  # and with it TLS: no camera needs it
        )

        with open_http(job.place, job.limit_s) as stream:
            if stream is not None:
                yield Opened(_decode(stream.read(), stream.splitter), ("motion JPEG",))
        if stream is None:  # a video over HTTP
            with _open_opencv(job) as opened:
                yield opened
    else:
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
    there = f"cameras here: {cameras}" if cameras else "no camera is connected"
    holder = who_holds(Path(place))
    return SourceError(
        f"it is busy: {holder}" if holder else "OpenCV cannot open it",
        remedy=f"check the index, or give --wait; {there}; `edgecnn devices` tells more",
    )


def _read(capture: "cv2.VideoCapture") -> Iterator[Frame]:
    while True:
        done, frame = capture.read()
        if not done:
            raise SourceError("the stream ended", remedy="check cable and network")
        yield frame
