"""What a user's text names as a source of frames, and how it is shown without its secrets."""

import re
from enum import Enum
from pathlib import Path

from edgecnn.opencv import PICTURE_SUFFIXES
from edgecnn.sources.cameras.listing import stable_camera as stable_camera

PATTERN = "pattern"
COMMAND = "exec:"


class Kind(str, Enum):
    """How frames come from a source."""

    PATTERN = "pattern"
    PICTURES = "pictures"
    FILE = "file"
    CAMERA = "camera"
    HTTP = "http"
    STREAM = "stream"
    """What FFmpeg reads: RTSP and other addresses, a FIFO."""
    COMMAND = "command"

    @property
    def live(self) -> bool:
        """Tell whether frames come by themselves, so that those not taken in time are dropped."""
        return self in (Kind.CAMERA, Kind.HTTP, Kind.STREAM, Kind.COMMAND)


def kind_of(source: str) -> Kind:
    """Return what kind of source a text names; a path that is not there is a file."""
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
    if path.exists() and not path.is_file():  # reading a FIFO in this process could hang it
        return Kind.CAMERA if path.is_char_device() else Kind.STREAM
    if path.parts[:2] == ("/", "dev"):  # a camera that may come yet
        return Kind.CAMERA
    return Kind.PICTURES if path.suffix.lower() in PICTURE_SUFFIXES else Kind.FILE


def hide_credentials(source: str) -> str:
    """Return a source without user, password and query: IP cameras take passwords in each."""
    return hide_in_words(source) if source.startswith(COMMAND) else _hide_in_url(source)


def hide_in_words(text: str) -> str:
    """Return a text in which every word that is an address is without its credentials."""
    return re.sub(r"\S+", lambda word: _hide_in_url(word[0]), text)


def _hide_in_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    address, question, _ = rest.rpartition("@")[2].partition("?")
    return f"{scheme}://{address}{question and '?...'}"
