"""`exec:COMMAND`: frames from a command's standard output.

    exec:rpicam-vid -t 0 --codec mjpeg -o -                  motion JPEG
    exec:640x480:bgr24:ffmpeg -i ... -f rawvideo -           raw frames of a size and format

The command is split like a shell would, but no shell runs it.
"""

import re
import shlex
import subprocess
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import IO

import numpy as np

from edgecnn.errors import OptionError, SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.sources.address import COMMAND, hide_in_words
from edgecnn.sources.live.parent_death import die_with_parent
from edgecnn.text import printable

CHUNK = 2**16
RAW = {  # format: bytes of two pixels, conversion to BGR
    "bgr24": (6, -1),
    "rgb24": (6, cv2.COLOR_RGB2BGR),
    "gray": (2, cv2.COLOR_GRAY2BGR),
    "yuv420p": (3, cv2.COLOR_YUV2BGR_I420),
    "nv12": (3, cv2.COLOR_YUV2BGR_NV12),
}
_FORM = re.compile(r"exec:(?:(\d+)x(\d+):(\w+):)?(.+)", re.DOTALL)


@dataclass(frozen=True)
class CommandLine:
    """A parsed `exec:` source."""

    words: tuple[str, ...]
    width: int
    height: int
    format: str
    """Of raw frames; empty for motion JPEG."""


def parse_command(source: str) -> CommandLine:
    """Parse the text of an `exec:` source.

    Raises:
        OptionError: It has no command, open quotes, or a format that is not known.
    """
    match = _FORM.fullmatch(source)
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
    width, height, form = int(match[1] or 0), int(match[2] or 0), match[3] or ""
    if form and (form not in RAW or width * height == 0 or width % 2 or height % 2):
        raise OptionError(
            f"raw frames are {width}x{height} {form}",
            remedy=f"give even width and height and one of: {', '.join(RAW)}",
        )
    return CommandLine(tuple(words), width, height, form)


class Command:
    """A running command that writes frames."""

    def __init__(self, line: CommandLine, process: "subprocess.Popen[bytes]") -> None:
        self.raw = bool(line.format)
        self._line = line
        self._process = process
        self._said: deque[str] = deque(maxlen=1)
        Thread(target=self._listen, daemon=True).start()

    def read(self) -> Iterator[bytes]:
        """Yield bytes as they come; end with the command if it was successful.

        Raises:
            SourceError: The command ended with an error, which is told in its own last words.
        """
        while chunk := self._output.read1(CHUNK):  # type: ignore[attr-defined]
            yield chunk
        self._end()

    def frames(self) -> Iterator[Frame]:
        """Yield raw frames as (H, W, 3) BGR; raises SourceError like `read`."""
        line = self._line
        pair, conversion = RAW[line.format]
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
            said = f": {self._said[-1]}" if self._said else ""
            raise SourceError(f"the command ended with {code}{said}", remedy="run it by itself")

    def _listen(self) -> None:
        """Keep the last line of what the command says to people."""
        assert self._process.stderr is not None
        for text in self._process.stderr:
            if said := printable(text.decode("utf-8", "replace").strip()):
                self._said.append(hide_in_words(said))


@contextmanager
def open_command(source: str) -> Generator[Command, None, None]:
    """Start the command of an `exec:` source; it is killed on every way out.

    Raises:
        SourceError: There is no such program, or it cannot be started.
    """
    line = parse_command(source)
    try:
        process = subprocess.Popen(
            line.words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
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
    rows, channels = line.height, pixels.size // (line.width * line.height)
    if line.format in ("yuv420p", "nv12"):
        rows, channels = line.height * 3 // 2, 1
    frame = pixels.reshape(rows, line.width, channels)
    return frame if conversion < 0 else cv2.cvtColor(frame, conversion)
