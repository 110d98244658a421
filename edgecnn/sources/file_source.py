"""Sources that wait for their reader: pictures, videos and the built-in test pattern."""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from edgecnn.errors import NotFound, SourceError
from edgecnn.exhaustive import assert_never
from edgecnn.model.frame import Frame
from edgecnn.opencv import PICTURE_SUFFIXES, cv2, decode_picture
from edgecnn.sources.address import Kind

PATTERN_SHAPE = (480, 640, 3)
FileKind: TypeAlias = Literal[Kind.PATTERN, Kind.PICTURES, Kind.FILE]
Frames = Generator[Frame, None, None]
"""Yields (H, W, 3) uint8 BGR frames."""


@dataclass(frozen=True)
class FileSource:
    """An open source of one of these kinds; closing `frames` releases it."""

    frames: Frames
    facts: str
    """Size and frame rate, or number of pictures, for the user."""
    fps: float = 0.0
    """Frames a second as a video's header claims; 0 otherwise."""
    pictures: tuple[str, ...] = ()
    """The path of each frame's file, if the source is pictures."""


def open_file_source(source: str, kind: FileKind) -> FileSource:
    """Open pictures, a video or the test pattern.

    Raises:
        NotFound: There is no such file, or a folder has no pictures.
        SourceError: The video cannot be opened; while iterating: a picture is broken.
    """
    match kind:
        case Kind.PATTERN:
            return FileSource(_pattern(), f"{PATTERN_SHAPE[1]}x{PATTERN_SHAPE[0]}")
        case Kind.PICTURES:
            paths = _picture_paths(Path(source))
            names, plural = tuple(map(str, paths)), "s" if len(paths) > 1 else ""
            return FileSource(_pictures(paths), f"{len(paths)} picture{plural}", pictures=names)
        case Kind.FILE:
            return _open_video(source)
        case _:
            assert_never(kind)


def _open_video(path: str) -> FileSource:
    if not Path(path).exists():
        raise NotFound(
            f"there is no source {path!r}",
            remedy="give a camera index, a file, a folder, a URL, exec:COMMAND or `pattern`",
        )
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise SourceError(
            f"source {path!r} did not open", remedy="check that it is a whole video file"
        )
    # Phones store videos sideways with a rotation flag, which OpenCV applies only on request.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    properties = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)
    width, height, fps = map(capture.get, properties)
    return FileSource(_video(capture), f"{width:.0f}x{height:.0f}, {fps:g} fps", fps)


def _video(capture: "cv2.VideoCapture") -> Frames:
    try:
        while True:
            done, frame = capture.read()
            if not done:
                return
            yield frame
            del frame  # if the reader dropped it too, the next frame reuses its memory
    finally:
        capture.release()


def _pictures(paths: list[Path]) -> Frames:
    for path in paths:
        picture = decode_picture(path.read_bytes())
        if picture is None:
            raise SourceError(f"{path} is not a whole picture", remedy="remove or replace it")
        yield picture


def _picture_paths(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = (file for file in path.rglob("*") if file.suffix.lower() in PICTURE_SUFFIXES)
    found = sorted(file for file in files if file.is_file())
    if not found:
        raise NotFound(f"there are no pictures at {path}", remedy="give a picture or a folder")
    return found


def _pattern() -> Frames:
    """Yield a moving gradient with a bright moving square on it."""
    height, width, _ = PATTERN_SHAPE
    ramp = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
    for step in count():
        frame = np.stack([ramp + np.uint8(step % 256), ramp * 2, np.flipud(ramp)], axis=-1)
        left = step * 4 % (width - 80)
        frame[200:280, left : left + 80] = 255
        yield frame
