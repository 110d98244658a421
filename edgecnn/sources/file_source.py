"""Sources that wait for their reader: pictures, videos and the built-in test pattern."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgecnn.errors import NotFound, SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import PICTURE_SUFFIXES, cv2, decode_picture
from edgecnn.sources.address import Kind

PATTERN_SHAPE = (480, 640, 3)
Frames = Generator[Frame, None, None]


@dataclass(frozen=True)
class FileSource:
    """An opened source of this kind; closing `frames` releases it."""

    frames: Frames
    facts: str
    fps: float = 0.0
    pictures: tuple[str, ...] = ()
    """The file of each frame, if each has one."""


def open_file_source(source: str, kind: Kind) -> FileSource:
    """Open pictures, a video or the test pattern.

    Raises:
        NotFound: There is no such file, or a folder has no pictures.
        SourceError: It did not open; while iterating: a picture is broken.
    """
    if kind is Kind.PATTERN:
        return FileSource(_pattern(), f"{PATTERN_SHAPE[1]}x{PATTERN_SHAPE[0]}")
    if kind is Kind.PICTURES:
        paths = _picture_paths(Path(source))
        return FileSource(_pictures(paths), f"{len(paths)} pictures", 0.0, tuple(map(str, paths)))
    return _open_video(source)


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
    # Phones write videos sideways with a flag; OpenCV obeys it only when asked to.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    width, height = (
        int(capture.get(prop)) for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    fps = capture.get(cv2.CAP_PROP_FPS)
    return FileSource(_video(capture), f"{width}x{height}, {fps:g} fps", fps)


def _video(capture: "cv2.VideoCapture") -> Frames:
    try:
        while True:
            done, frame = capture.read()
            if not done:
                return
            yield frame
            del frame  # who reads on may have let go of it: the next one then takes its memory
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
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()
    )
    if not found:
        raise NotFound(f"there are no pictures at {path}", remedy="give a picture or a folder")
    return found


def _pattern() -> Frames:
    """Yield a gradient that wanders, with a bright square on it."""
    height, width, _ = PATTERN_SHAPE
    ramp = np.add.outer(np.arange(height), np.arange(width)).astype(np.uint8)
    step = 0
    while True:
        frame = np.stack([ramp + np.uint8(step % 256), ramp * 2, np.flipud(ramp)], axis=-1).astype(
            np.uint8
        )
        left = step * 4 % (width - 80)
        frame[200:280, left : left + 80] = 255
        yield frame
        step += 1
