"""Reads frames from a command's standard output, `exec:COMMAND`.

    exec:rpicam-vid -t 0 --codec mjpeg -o -                  motion JPEG
    exec:640x480:bgr24:ffmpeg -i ... -f rawvideo -           raw frames of a size and format

The command is split into words by the rules of a shell, but no shell runs it.
"""

import re
import shlex
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import DEVNULL, PIPE, Popen
from threading import Thread
from typing import IO

import numpy as np

from edgecnn.errors import OptionError, SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.parent_death import die_with_parent
from edgecnn.sources.address import COMMAND, hide_in_words
from edgecnn.text import printable

CHUNK = 2**16
RAW = {
    "bgr24": (6, -1),
    "rgb24": (6, cv2.COLOR_RGB2BGR),
    "gray": (2, cv2.COLOR_GRAY2BGR),
    "yuv420p": (3, cv2.COLOR_YUV2BGR_I420),
    "nv12": (3, cv2.COLOR_YUV2BGR_NV12),
}
"""Pixel formats of raw frames: bytes of two pixels, and OpenCV's code of the conversion to BGR."""
_SOURCE = re.compile(r"exec:(?:(\d+)x(\d+):(\w+):)?(.+)", re.DOTALL)


@dataclass(frozen=True)
class CommandLine:
    """A parsed `exec:` source."""

    words: tuple[str, ...]
    width: int
    height: int
    """Size of raw frames in pixels; zeros for motion JPEG."""
    pixel_format: str
    """Of raw frames; empty for motion JPEG."""


def parse_command(source: str) -> CommandLine:
    """Parse the text of an `exec:` source.

    Raises:
        OptionError: There is no command, a quote is not closed, or the format is unknown.
    """
    match = _SOURCE.fullmatch(source)
    try:
        words = shlex.split(match[4]) if match else []
    except ValueError as error:
        raise OptionError(
            f"{COMMAND} cannot be split: {error}", remedy="close the quotes"
        ) from error
    if not match or not words:
        raise OptionError(
            "there is no command after exec:",
            remedy="give one, like exec:rpicam-vid -t 0 --codec mjpeg -o -",
        )
    width, height, pixel_format = int(match[1] or 0), int(match[2] or 0), match[3] or ""
    if pixel_format and (pixel_format not in RAW or width * height == 0 or width % 2 or height % 2):
        raise OptionError(
            f"raw frames are {width}x{height} {pixel_format}",
            remedy=f"give even width and height and one of: {', '.join(RAW)}",
        )
    return CommandLine(tuple(words), width, height, pixel_format)


class Command:
    """A running command that writes frames."""

    def __init__(self, line: CommandLine, process: "Popen[bytes]") -> None:
        self.is_raw = bool(line.pixel_format)
        self._line = line
        self._process = process
        self._last_line: deque[str] = deque(maxlen=1)
        """The last line on stderr; a deque can be shared between threads."""
        Thread(target=self._read_stderr, daemon=True).start()

    def read(self) -> Iterator[bytes]:
        """Yield bytes as they arrive, until the command ends.

        Raises:
            SourceError: The command failed; the message quotes its last line on stderr.
        """
        while chunk := self._output.read1(CHUNK):  # type: ignore[attr-defined]
            yield chunk
        self._end()

    def frames(self) -> Iterator[Frame]:
        """Yield raw frames as (H, W, 3) uint8 BGR; raises SourceError like `read`."""
        line = self._line
        pair, conversion = RAW[line.pixel_format]
        size = line.width * line.height * pair // 2
        while len(data := self._output.read(size)) == size:
            yield _to_bgr(np.frombuffer(data, np.uint8), line, conversion)
        self._end()

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _end(self) -> None:
        code = self._process.wait()
        if code:
            reason = f": {self._last_line[-1]}" if self._last_line else ""
            raise SourceError(f"the command ended with {code}{reason}", remedy="run it by itself")

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        for encoded in self._process.stderr:
            if text := printable(encoded.decode("utf-8", "replace").strip()):
                self._last_line.append(hide_in_words(text))


@contextmanager
def open_command(source: str) -> Generator[Command, None, None]:
    """Start the command of an `exec:` source; it is killed when the block ends, however it ends.

    Raises:
        SourceError: There is no such program, or it cannot be started.
    """
    line = parse_command(source)
    try:
        process = Popen(
            line.words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, preexec_fn=die_with_parent
        )
    except OSError as error:
        raise SourceError(
            f"{line.words[0]} cannot be started: {error.strerror}", remedy="install it"
        ) from error
    try:
        yield Command(line, process)
    finally:
        process.kill()
        process.wait()


def _to_bgr(pixels: Frame, line: CommandLine, conversion: int) -> Frame:
    """Convert the bytes of one raw frame: (bytes,) -> (H, W, 3)."""
    rows, channels = line.height, pixels.size // (line.width * line.height)
    if line.pixel_format in ("yuv420p", "nv12"):
        rows, channels = line.height * 3 // 2, 1
    frame = pixels.reshape(rows, line.width, channels)
    return frame if conversion < 0 else cv2.cvtColor(frame, conversion)
