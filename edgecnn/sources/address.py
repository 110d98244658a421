"""Which kind of source a text names, and how the text is shown without credentials."""

import re
from enum import Enum
from pathlib import Path

from edgecnn.exhaustive import assert_never
from edgecnn.opencv import PICTURE_SUFFIXES

PATTERN = "pattern"
COMMAND = "exec:"


class Kind(str, Enum):
    """How frames are read from a source."""

    PATTERN = "pattern"
    """The built-in test pattern."""
    PICTURES = "pictures"
    """A picture file, or a folder of them."""
    FILE = "file"
    """A video file."""
    CAMERA = "camera"
    """A camera of this machine, read through V4L2."""
    HTTP = "http"
    """Motion JPEG, or another video, over HTTP."""
    STREAM = "stream"
    """Anything else that FFmpeg reads: RTSP and other URLs, a FIFO."""
    COMMAND = "command"
    """Frames from a command's standard output."""

    @property
    def live(self) -> bool:
        """Whether frames arrive at their own rate; those not taken in time are dropped."""
        match self:
            case Kind.CAMERA | Kind.HTTP | Kind.STREAM | Kind.COMMAND:
                return True
            case Kind.PATTERN | Kind.PICTURES | Kind.FILE:
                return False
            case _:
                assert_never(self)


def kind_of(source: str) -> Kind:
    """Return the kind of source that a text names; a path that does not exist is a file."""
    if source == PATTERN:
        return Kind.PATTERN
    if source.startswith(COMMAND):
        return Kind.COMMAND
    if "://" in source:
        scheme = source.partition("://")[0].lower()
        return Kind.HTTP if scheme in ("http", "https") else Kind.STREAM
    if source.isdecimal():
        return Kind.CAMERA
    return _kind_of_path(Path(source))


def _kind_of_path(path: Path) -> Kind:
    if path.is_dir():
        return Kind.PICTURES
    if path.exists() and not path.is_file():  # reading a FIFO in this process could block forever
        return Kind.CAMERA if path.is_char_device() else Kind.STREAM
    if path.parts[:2] == ("/", "dev"):  # a camera that may be plugged in later
        return Kind.CAMERA
    return Kind.PICTURES if path.suffix.lower() in PICTURE_SUFFIXES else Kind.FILE


def hide_credentials(source: str) -> str:
    """Return a source without user, password and query: IP cameras accept passwords in each."""
    return hide_in_words(source) if source.startswith(COMMAND) else _hide_in_url(source)


def hide_in_words(text: str) -> str:
    """Return a text with the credentials removed from each word that is a URL."""
    return re.sub(r"\S+", lambda word: _hide_in_url(word[0]), text)


def _hide_in_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    address, question, _ = rest.rpartition("@")[2].partition("?")
    return f"{scheme}://{address}{question and '?...'}"
