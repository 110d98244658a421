"""Queries a V4L2 device: its driver, whether it captures pictures, and in which modes.

Four ioctls are simpler than parsing the output of `v4l2-ctl`, which is made for people and is not
installed on most devices.

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
_MAX_ENTRIES = 64
"""Of one list: a driver might never end it."""

_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_FORMAT = struct.Struct("=III32sI16x")
_SIZE = struct.Struct("=III6I8x")
_INTERVAL = struct.Struct("=IIIII6I8x")

_CAPTURE, _CAPTURE_PLANES, _OWN_CAPS = 0x1, 0x1000, 0x80000000
_BUFFER, _BUFFER_PLANES = 1, 9
_DISCRETE = 1
_BIG_ENDIAN = 0x80000000

Ioctl = Callable[[int, bytes], bytes]
"""Calls an ioctl by its code with a struct; returns the updated struct, or raises OSError."""


def request(direction: int, number: int, layout: struct.Struct) -> int:
    """Return the code of a V4L2 ioctl.

    Args:
        direction: Who uses the struct: 2 if the kernel writes it, 3 if it reads it too.
        number: The ioctl's own number.
        layout: The struct.
    """
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
    """Such as 640x480, or `from 16x16 to 1920x1080` for a range of sizes."""
    fps: tuple[float, ...]
    """Frames a second, fastest first; of a range, its two ends."""


@dataclass(frozen=True)
class Description(Record):
    """What a device reports about itself."""

    driver: str
    name: str
    captures: bool
    """Whether it captures pictures; metadata and codecs have devices of their own."""
    modes: tuple[Mode, ...]


@contextmanager
def open_device(path: Path) -> Generator[Ioctl, None, None]:
    """Open a device for queries, without starting a stream; raises OSError."""
    from fcntl import ioctl  # not on Windows

    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def call(code: int, argument: bytes) -> bytes:
        buffer = bytearray(argument)
        ioctl(descriptor, code, buffer)
        return bytes(buffer)

    try:
        yield call
    finally:
        os.close(descriptor)


def describe(ioctl: Ioctl) -> Description:
    """Query a device; raises OSError if it is no V4L2 device."""
    answer = ioctl(QUERYCAP, bytes(_CAPABILITY.size))
    driver, name, _, _, every, own = _CAPABILITY.unpack(answer)
    caps = (
        own if every & _OWN_CAPS else every
    )  # the old field joins the capabilities of all devices of one hardware
    buffer = _BUFFER if caps & _CAPTURE else _BUFFER_PLANES if caps & _CAPTURE_PLANES else 0
    modes = tuple(_modes(ioctl, buffer)) if buffer else ()
    return Description(_text(driver), _text(name), bool(buffer), modes)


def _modes(ioctl: Ioctl, buffer: int) -> Iterator[Mode]:
    for answer in _list(ioctl, ENUM_FMT, _FORMAT, buffer, 0, b"", 0):
        code = _FORMAT.unpack(answer)[4]
        for size in _list(ioctl, ENUM_FRAMESIZES, _SIZE, code, 0, *[0] * 6):
            text, width, height = _size(*_SIZE.unpack(size)[2:])
            yield Mode(fourcc(code), text, _rates(ioctl, code, width, height))


def _size(kind: int, *numbers: int) -> tuple[str, int, int]:
    """Return a size as text, and its largest width and height."""
    if kind == _DISCRETE:
        width, height = numbers[:2]
        return f"{width}x{height}", width, height
    least_width, width, _, least_height, height, _ = numbers
    return f"from {least_width}x{least_height} to {width}x{height}", width, height


def _rates(ioctl: Ioctl, code: int, width: int, height: int) -> tuple[float, ...]:
    found: set[float] = set()
    rest = (code, width, height, 0, *[0] * 6)
    for answer in _list(ioctl, ENUM_FRAMEINTERVALS, _INTERVAL, *rest):
        kind, *seconds = _INTERVAL.unpack(answer)[4:]
        ends = seconds[:2] if kind == _DISCRETE else seconds[:4]
        pairs = zip(ends[::2], ends[1::2], strict=True)
        found |= {round(below / above, 2) for above, below in pairs if above}
    return tuple(sorted(found, reverse=True))


def _list(ioctl: Ioctl, number: int, layout: struct.Struct, *rest: int | bytes) -> Iterator[bytes]:
    """Yield the entries of a list, which the kernel returns one at a time and ends with EINVAL."""
    for index in range(_MAX_ENTRIES):
        try:
            yield ioctl(number, layout.pack(index, *rest))
        except OSError as error:
            if error.errno not in (
                errno.EINVAL,
                errno.ENOTTY,
            ):  # the end of the list, or no such list
                raise
            return


def fourcc(code: int) -> str:
    """Return a pixel format's four letters."""
    letters = (code & ~_BIG_ENDIAN).to_bytes(4, "little").decode("ascii", "replace").rstrip()
    return letters + ("-BE" if code & _BIG_ENDIAN else "")


def _text(field: bytes) -> str:
    text = field.partition(b"\0")[0].decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable())
