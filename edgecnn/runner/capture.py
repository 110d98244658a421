"""Sources of frames: a camera, a video, a picture, a folder, a URL or the built-in test pattern."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgecnn.errors import NotFound, SourceError
from edgecnn.frame import Frame
from edgecnn.opencv import PICTURE_SUFFIXES, cv2, decode_picture
from edgecnn.runner.camera import CameraSettings, configure

PATTERN = "pattern"
PATTERN_SHAPE = (480, 640, 3)
OPEN_MS, READ_MS = 10_000, 5_000
"""Time-outs of a stream; OpenCV's own are 30 s."""


class Source:
    """An opened source: iterate it for (H, W, 3) BGR uint8 frames."""

    def __init__(self, name: str, frames: Iterator[Frame], facts: str, fps: float = 0.0) -> None:
        self.name = name
        """As the user gave it, without credentials."""
        self.facts = facts
        """Size, rate and format; for a camera, what was asked against what it gives."""
        self.fps = fps
        """Frames a second as the source claims them; 0 if it does not."""
        self._frames = frames

    def __iter__(self) -> Iterator[Frame]:
        return self._frames


@contextmanager
def open_source(
    source: str | int, settings: CameraSettings | None = None
) -> Generator[Source, None, None]:
    """Open a source of frames; it is released on every way out.

    Args:
        source: A camera's index, the path of a video, picture or folder of pictures, a URL, or
            `pattern`: a moving test picture that never ends.
        settings: What to ask of a camera.

    Raises:
        NotFound: There is no such file, or a folder has no pictures.
        SourceError: It did not open; while iterating: a camera or stream stopped.
    """
    text = str(source)
    if text == PATTERN:
        yield Source(text, _pattern(), _size_text(PATTERN_SHAPE))
    elif "://" not in text and (
        Path(text).is_dir() or Path(text).suffix.lower() in PICTURE_SUFFIXES
    ):
        paths = _picture_paths(Path(text))
        yield Source(text, _pictures(paths), f"{len(paths)} pictures")
    else:
        with _open_capture(text, settings or CameraSettings()) as opened:
            yield opened


def hide_credentials(url: str) -> str:
    """Return a URL without user, password and query: IP cameras take passwords in each."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    address, question, _ = rest.rpartition("@")[2].partition("?")
    return f"{scheme}://{address}{question and '?...'}"


@contextmanager
def _open_capture(text: str, settings: CameraSettings) -> Generator[Source, None, None]:
    camera, url = text.isdecimal(), "://" in text
    if not camera and not url and not Path(text).exists():
        raise NotFound(
            f"there is no source {text!r}",
            remedy="give a camera index, a file, a folder, a URL or `pattern`",
        )
    capture = _connect(text, camera=camera, url=url)
    name = hide_credentials(text)
    try:
        if not capture.isOpened():
            raise SourceError(f"source {name!r} did not open", remedy=_opening_remedy(camera, url))
        facts = _describe(capture)
        if camera:
            facts = "; ".join([facts, *configure(capture, settings)])
        frames = _read(capture, name, live=camera or url)
        yield Source(name, frames, facts, capture.get(cv2.CAP_PROP_FPS))
    finally:
        capture.release()


def _connect(text: str, *, camera: bool, url: bool) -> "cv2.VideoCapture":
    if camera:
        return cv2.VideoCapture(int(text))
    if url:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS]
        return cv2.VideoCapture(text, cv2.CAP_FFMPEG, limits)
    capture = cv2.VideoCapture(text, cv2.CAP_FFMPEG)
    # Phones write videos sideways with a flag; OpenCV obeys it only when asked to.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _opening_remedy(camera: bool, url: bool) -> str:
    if camera:
        there = sorted(path.name for path in Path("/dev").glob("video*"))
        found = f"cameras here: {', '.join(there)}" if there else "no camera is connected"
        return f"check the index and that no other program holds it; {found}"
    return "check the address and the camera" if url else "check that it is a whole video file"


def _describe(capture: "cv2.VideoCapture") -> str:
    width, height = (
        int(capture.get(prop)) for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    return f"{width}x{height}, {capture.get(cv2.CAP_PROP_FPS):g} fps"


def _read(capture: "cv2.VideoCapture", name: str, *, live: bool) -> Iterator[Frame]:
    """Yield frames: a file ends, a live source fails."""
    while True:
        done, frame = capture.read()
        if done:
            yield frame
        elif live:
            raise SourceError(
                f"source {name!r} stopped giving frames",
                remedy="check cable and network, run again",
            )
        else:
            return


def _pictures(paths: list[Path]) -> Iterator[Frame]:
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


def _pattern() -> Iterator[Frame]:
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


def _size_text(shape: tuple[int, int, int]) -> str:
    return f"{shape[1]}x{shape[0]}"
