"""What a V4L2 device says of itself: its driver, whether it gives pictures, and in which modes.

Four ioctls with their structs are less than reading `v4l2-ctl`: its text is made for people, and it
is not installed on most devices. What is read is bytes, so none of it needs a camera to be tried.

Source: linux/videodev2.h, and asm-generic/ioctl.h for the numbers (x86, Arm, RISC-V).
"""

import errno
import os
import struct
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgecnn.records import Record

_READ, _READ_WRITE = 2, 3
_MOST = 64
"""Entries of one list: a driver that never ends its list does not hang us."""

_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_FORMAT = struct.Struct("=III32sI16x")
_SIZE = struct.Struct("=III6I8x")
_INTERVAL = struct.Struct("=IIIII6I8x")

_CAPTURE, _CAPTURE_PLANES, _OWN_CAPS = 0x1, 0x1000, 0x80000000
_BUFFER, _BUFFER_PLANES = 1, 9
_DISCRETE = 1
_BIG_ENDIAN = 0x80000000

Ask = Callable[[int, bytes], bytes]
"""Gives the kernel a request and a struct, returns the struct filled; raises OSError."""


def request(direction: int, number: int, layout: struct.Struct) -> int:
    """Return the number of a V4L2 ioctl."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


QUERYCAP = request(_READ, 0, _CAPABILITY)
ENUM_FMT = request(_READ_WRITE, 2, _FORMAT)
ENUM_FRAMESIZES = request(_READ_WRITE, 74, _SIZE)
ENUM_FRAMEINTERVALS = request(_READ_WRITE, 75, _INTERVAL)


@dataclass(frozen=True)
class Mode(Record):
    """One size in one pixel format."""

    fourcc: str
    size: str
    """Such as 640x480; `from 16x16 to 1920x1080` where the driver takes any between."""
    fps: tuple[float, ...]
    """Frame rates, fastest first; of a range its ends."""


@dataclass(frozen=True)
class Description(Record):
    """What a device answers."""

    driver: str
    name: str
    captures: bool
    """Whether it gives pictures; metadata and codecs have devices of their own."""
    modes: tuple[Mode, ...]


@contextmanager
def open_device(path: Path) -> Generator[Ask, None, None]:
    """Open a device to ask it; it starts no stream. Raises OSError."""
    from fcntl import ioctl  # not on Windows

    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def ask(number: int, question: bytes) -> bytes:
        buffer = bytearray(question)
        ioctl(descriptor, number, buffer)
        return bytes(buffer)

    try:
        yield ask
    finally:
        os.close(descriptor)


def describe(ask: Ask) -> Description:
    """Ask a device what it is; raises OSError where it is no V4L2 device."""
    answer = ask(QUERYCAP, bytes(_CAPABILITY.size))
    driver, name, _, _, every, own = _CAPABILITY.unpack(answer)
    caps = own if every & _OWN_CAPS else every  # the old field speaks for all its devices
    buffer = _BUFFER if caps & _CAPTURE else _BUFFER_PLANES if caps & _CAPTURE_PLANES else 0
    modes = tuple(_modes(ask, buffer)) if buffer else ()
    return Description(_text(driver), _text(name), bool(buffer), modes)


def _modes(ask: Ask, buffer: int) -> Iterator[Mode]:
    for answer in _list(ask, ENUM_FMT, _FORMAT, buffer, 0, b"", 0):
        code = _FORMAT.unpack(answer)[4]
        for size in _list(ask, ENUM_FRAMESIZES, _SIZE, code, 0, *[0] * 6):
            text, width, height = _size(*_SIZE.unpack(size)[2:])
            yield Mode(fourcc(code), text, _rates(ask, code, width, height))


def _size(kind: int, *numbers: int) -> tuple[str, int, int]:
    """Return a size in words, and the largest it stands for."""
    if kind == _DISCRETE:
        width, height = numbers[:2]
        return f"{width}x{height}", width, height
    least_width, width, _, least_height, height, _ = numbers
    return f"from {least_width}x{least_height} to {width}x{height}", width, height


def _rates(ask: Ask, code: int, width: int, height: int) -> tuple[float, ...]:
    found: set[float] = set()
    rest = (code, width, height, 0, *[0] * 6)
    for answer in _list(ask, ENUM_FRAMEINTERVALS, _INTERVAL, *rest):
        kind, *seconds = _INTERVAL.unpack(answer)[4:]
        ends = seconds[:2] if kind == _DISCRETE else seconds[:4]
        pairs = zip(ends[::2], ends[1::2], strict=True)
        found |= {round(below / above, 2) for above, below in pairs if above}
    return tuple(sorted(found, reverse=True))


def _list(ask: Ask, number: int, layout: struct.Struct, *rest: int | bytes) -> Iterator[bytes]:
    """Yield the entries of a list that the kernel gives one by one, until it says EINVAL."""
    for index in range(_MOST):
        try:
            yield ask(number, layout.pack(index, *rest))
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTTY):  # the end, or no such list
                raise
            return


def fourcc(code: int) -> str:
    """Return a pixel format's four letters."""
    letters = (code & ~_BIG_ENDIAN).to_bytes(4, "little").decode("ascii", "replace").rstrip()
    return letters + ("-BE" if code & _BIG_ENDIAN else "")


def _text(field: bytes) -> str:
    text = field.partition(b"\0")[0].decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable())
