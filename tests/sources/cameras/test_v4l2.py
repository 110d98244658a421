"""What a V4L2 device reports, read from bytes as a kernel returns them."""

import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from edgecnn.sources.cameras import v4l2
from edgecnn.sources.cameras.v4l2 import Mode, describe, fourcc, open_device

Answer = Callable[[bytes], bytes]
CAPTURE, OWN = 0x1, 0x80000000
MJPG = int.from_bytes(b"MJPG", "little")


def end(_: bytes) -> bytes:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def once(answer: bytes) -> Answer:
    """Return a list of one entry."""
    return lambda question: answer if question[:4] == bytes(4) else end(question)


def kernel(**answers: Answer) -> v4l2.Ioctl:
    """Return a stand-in for the kernel: answers by the ioctl's name, other lists are empty."""
    table = {getattr(v4l2, name): answer for name, answer in answers.items()}
    return lambda number, question: table.get(number, end)(question)


def capability(every: int, own: int = 0, name: bytes = b"Camera") -> Answer:
    return once(struct.pack("=16s32s32sIII12x", b"uvcvideo", name, b"usb-1", 0x60000, every, own))


def size(*numbers: int) -> Answer:
    """Return one size: a kind, then its numbers."""
    return once(
        struct.pack("=II", 0, MJPG) + struct.pack(f"={len(numbers)}I", *numbers).ljust(36, b"\0")
    )


def interval(*numbers: int) -> Answer:
    head = struct.pack("=IIII", 0, MJPG, 640, 480)
    return once(head + struct.pack(f"={len(numbers)}I", *numbers).ljust(36, b"\0"))


FORMAT = once(struct.pack("=III32sI16x", 0, 1, 0, b"Motion-JPEG", MJPG))
VGA = size(1, 640, 480)


def test_the_requests_are_those_of_the_kernels_header() -> None:
    numbers = (v4l2.QUERYCAP, v4l2.ENUM_FMT, v4l2.ENUM_FRAMESIZES, v4l2.ENUM_FRAMEINTERVALS)
    assert numbers == (0x80685600, 0xC0405602, 0xC02C564A, 0xC034564B)


def test_a_camera_names_its_driver_and_its_modes() -> None:
    ask = kernel(QUERYCAP=capability(CAPTURE), ENUM_FMT=FORMAT, ENUM_FRAMESIZES=VGA,
                 ENUM_FRAMEINTERVALS=interval(1, 1, 30))  # fmt: skip
    said = describe(ask)
    assert (said.driver, said.name, said.captures) == ("uvcvideo", "Camera", True)
    assert said.modes == (Mode("MJPG", "640x480", (30.0,)),)


def test_a_device_of_its_own_capabilities_is_judged_by_them() -> None:
    said = describe(kernel(QUERYCAP=capability(OWN | CAPTURE, own=0x00800000), ENUM_FMT=FORMAT))
    assert not said.captures
    assert said.modes == ()


def test_a_range_of_sizes_is_asked_for_its_rates_at_the_largest() -> None:
    asked = []

    def rates(question: bytes) -> bytes:
        asked.append(struct.unpack_from("=II", question, 8))
        return interval(3, 1, 60, 1, 1, 1, 60)(question)

    ask = kernel(QUERYCAP=capability(CAPTURE), ENUM_FMT=FORMAT,
                 ENUM_FRAMESIZES=size(3, 16, 1920, 8, 32, 1080, 2),
                 ENUM_FRAMEINTERVALS=rates)  # fmt: skip
    assert describe(ask).modes == (Mode("MJPG", "from 16x32 to 1920x1080", (60.0, 1.0)),)
    assert set(asked) == {(1920, 1080)}


def test_a_rate_of_no_time_at_all_is_left_out() -> None:
    ask = kernel(QUERYCAP=capability(CAPTURE), ENUM_FMT=FORMAT, ENUM_FRAMESIZES=VGA,
                 ENUM_FRAMEINTERVALS=interval(1, 0, 30))  # fmt: skip
    assert describe(ask).modes == (Mode("MJPG", "640x480", ()),)


def test_a_driver_that_never_ends_its_list_does_not_hang_us() -> None:
    ask = kernel(QUERYCAP=capability(CAPTURE), ENUM_FMT=FORMAT,
                 ENUM_FRAMESIZES=lambda _: VGA(bytes(4)))  # fmt: skip
    assert len(describe(ask).modes) == 64


def test_names_lose_their_control_characters() -> None:
    assert (
        describe(kernel(QUERYCAP=capability(CAPTURE, name=b"a\x1b[2Jb\xff"))).name == "a[2Jb\ufffd"
    )


@pytest.mark.parametrize(
    ("code", "text"), [(b"MJPG", "MJPG"), (b"Y16 ", "Y16"), (b"Y16\xa0", "Y16-BE")]
)
def test_a_pixel_format_is_its_letters(code: bytes, text: str) -> None:
    assert fourcc(int.from_bytes(code, "little")) == text


def test_an_ordinary_file_is_no_device(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    with open_device(tmp_path / "video0") as ask, pytest.raises(OSError, match="ioctl") as refused:
        describe(ask)
    assert refused.value.errno == errno.ENOTTY
