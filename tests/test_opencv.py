"""What `decode_picture` makes of the files that cameras, phones and programs write."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from conftest import real_data

from edgecnn.opencv import cv2, decode_picture

Pixels = npt.NDArray[np.uint8]

EXIF = 0  # cv2.IMAGE_METADATA_EXIF
TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p),
}
"""How a picture is seen, by its EXIF orientation. Source: EXIF 2.32, tag 0x0112."""


def exif(orientation: int) -> Pixels:
    """Return EXIF data with nothing in it but the orientation."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + b"\0\0\0\0"
    return np.frombuffer(tiff, np.uint8)[None]


def smooth(height: int = 48, width: int = 64, channels: int = 3) -> Pixels:
    small = np.random.default_rng(3).integers(0, 256, (4, 5, channels), np.uint8)
    sized = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(sized, np.uint8).reshape(height, width, channels)


def encode(pixels: npt.NDArray[np.generic], suffix: str, orientation: int = 1) -> bytes:
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []
    if orientation > 1:
        done, data = cv2.imencodeWithMetadata(suffix, pixels, [EXIF], [exif(orientation)], lossless)
    else:
        done, data = cv2.imencode(suffix, pixels, lossless)
    assert done
    return bytes(data.tobytes())


def decoded(data: bytes) -> Pixels:
    picture = decode_picture(data)
    assert picture is not None
    assert picture.dtype == np.uint8
    return picture


def over_white(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Return (h, w, 4) BGRA as it is seen on white: the definition, in real numbers."""
    alpha = pixels[..., 3:] / 255
    return np.asarray(pixels[..., :3] * alpha + 255 * (1 - alpha), np.float64)


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("suffix", "close"), [(".jpg", 25), (".png", 0), (".webp", 0)])
def test_exif_orientation_is_obeyed(suffix: str, close: int, orientation: int) -> None:
    pixels = smooth()
    found = decoded(encode(pixels, suffix, orientation))
    wanted = TURNS[orientation](pixels)
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).max() <= close


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_a_transparent_picture_is_turned_with_its_transparency(
    suffix: str, orientation: int
) -> None:
    pixels = smooth(channels=4)
    found = decoded(encode(pixels, suffix, orientation))
    wanted = TURNS[orientation](over_white(pixels).round().astype(np.uint8))
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_what_is_transparent_shows_white_whatever_colour_it_hides(suffix: str) -> None:
    pixels = np.full((8, 8, 4), (10, 20, 30, 255), np.uint8)
    pixels[:4] = (200, 0, 90, 0)
    found = decoded(encode(pixels, suffix))
    np.testing.assert_array_equal(found[:4], np.full((4, 8, 3), 255))
    np.testing.assert_array_equal(found[4:], np.full((4, 8, 3), (10, 20, 30)))


def test_a_gif_is_its_first_frame_over_white() -> None:
    palette = bytes((255, 0, 0, 0, 0, 255))  # red, blue
    control = b"\x21\xf9\x04\x01\x00\x00\x00\x00"  # colour 0 is transparent
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0)
    red, blue = b"\x02\x02\x44\x01\x00", b"\x02\x02\x4c\x01\x00"
    head = b"GIF89a" + struct.pack("<2H3B", 1, 1, 0x80, 0, 0) + palette
    opaque = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    assert decoded(head + control + frame + red + b";").tolist() == [[[255, 255, 255]]]
    animation = head + opaque + frame + blue + opaque + frame + red + b";"
    assert decoded(animation).tolist() == [[[255, 0, 0]]]


def png(width: int, height: int, bits: int, kind: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG made by hand. Source: the PNG specification, W3C."""
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), *chunks, (b"IEND", b""))
    )


def test_a_png_palette_may_be_transparent() -> None:
    palette = (b"PLTE", bytes((255, 0, 0, 0, 0, 255)))  # red, blue
    pixels = (b"IDAT", zlib.compress(b"\0\0\1"))
    data = png(2, 1, 8, 3, palette, (b"tRNS", b"\0\xff"), pixels)
    assert decoded(data).tolist() == [[[255, 255, 255], [255, 0, 0]]]


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_become_eight(suffix: str, channels: int) -> None:
    levels = np.linspace(0, 65535, 64 * channels).astype(np.uint16).reshape(8, 8, channels)
    found = decoded(encode(levels, suffix))
    assert np.abs(found - levels / 257).max() <= 1


def test_sixteen_bits_may_be_transparent_too() -> None:
    pixels = (smooth(channels=4).astype(np.uint16) << 8).astype(np.uint16)
    found = decoded(encode(pixels, ".png"))
    assert np.abs(found - over_white(smooth(channels=4))).max() <= 1


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_gray_becomes_three_equal_channels(suffix: str) -> None:
    found = decoded(encode(smooth(channels=1), suffix))
    assert found.shape == (48, 64, 3)
    np.testing.assert_array_equal(found[..., 0], found[..., 1])
    np.testing.assert_array_equal(found[..., 0], found[..., 2])


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tiff", ".gif"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_ends_too_early_is_broken(suffix: str, share: float) -> None:
    data = encode(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), suffix)
    assert decode_picture(data) is not None
    assert decode_picture(data[: int(len(data) * share)]) is None


@pytest.mark.parametrize("progressive", [0, 1], ids=["baseline", "progressive"])
def test_a_jpeg_whose_end_was_never_written_is_broken(progressive: int) -> None:
    flags = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
    data = cv2.imencode(".jpg", smooth(240, 320), flags)[1].tobytes()
    half = len(data) // 2
    assert decode_picture(data) is not None
    for tail in (b"", bytes(half), bytes(50 * half), b"\xff" * half):
        assert decode_picture(data[:half] + tail) is None


def test_a_thumbnails_end_is_not_taken_for_the_pictures() -> None:
    data = encode(smooth(240, 320), ".jpg")
    thumbnail = encode(smooth(), ".jpg")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = data[:2] + segment + data[2:]
    half = len(segment) + len(data) // 2
    np.testing.assert_array_equal(decoded(whole), decoded(data))
    assert decode_picture(whole[:half] + bytes(50 * half)) is None


def test_bytes_after_a_jpegs_end_do_not_matter() -> None:
    data = encode(smooth(), ".jpg")
    np.testing.assert_array_equal(decoded(data + b"phone's own data" * 9), decoded(data))


def test_every_real_photograph_is_whole() -> None:
    paths = sorted(real_data("hymenoptera").rglob("*.jpg"))[:80]
    assert all(decode_picture(path.read_bytes()) is not None for path in paths)


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"\x89PNG", b"GIF8"])
def test_a_few_bytes_are_no_picture(data: bytes) -> None:
    assert decode_picture(data) is None


def bombs() -> dict[str, bytes]:
    """Return small files that claim 60,000 x 60,000 pixels; the PNG has 20,000 x 20,000."""
    small = {s: bytearray(encode(smooth(), s)) for s in (".jpg", ".bmp", ".gif")}
    start = small[".jpg"].index(b"\xff\xc0")
    small[".jpg"][start + 5 : start + 9] = struct.pack(">HH", 60_000, 60_000)
    small[".bmp"][18:26] = struct.pack("<ii", 60_000, 60_000)
    small[".gif"][6:10] = struct.pack("<HH", 60_000, 60_000)
    fields = ((256, 60_000), (257, 60_000), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1),
              (278, 60_000), (279, 10))  # fmt: skip
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    tiff = b"II*\0" + struct.pack("<IH", 8, len(fields)) + directory + bytes(16)
    black = png(20_000, 20_000, 1, 0, (b"IDAT", zlib.compress(bytes(2501) * 20_000, 1)))
    return {**{s: bytes(data) for s, data in small.items()}, ".tiff": tiff, ".png": black}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".gif", ".tiff"])
def test_a_header_that_claims_gigabytes_is_refused_before_memory_is_taken(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(bombs()[suffix])
    code = f"""
import resource
from pathlib import Path
from edgecnn.opencv import decode_picture
data = Path({str(path)!r}).read_bytes()
decode_picture(data[:40])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
assert decode_picture(data) is None
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20_000  # KiB
