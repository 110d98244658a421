"""OpenCV, or the line that installs what it misses. Every module takes `cv2` from here."""

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgecnn.errors import LibraryError

# A picture of a few kB can claim gigabytes: OpenCV reads this limit once, when it is imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))

# What goes wrong is said once, in our words; OpenCV's own lines come back with its variable.
os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

try:
    import cv2 as cv2
except ImportError as error:
    if "cannot open shared object" in str(error):
        raise LibraryError(
            f"opencv-python misses a system library: {error}",
            remedy="on Debian, Ubuntu and Raspberry Pi OS: apt-get install libgl1 libglib2.0-0",
        ) from error
    raise LibraryError(
        f"OpenCV cannot be imported: {error}", remedy="pip install opencv-python"
    ) from error


PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"))
"""Endings of files that are read as pictures, in lower case."""


def decode_picture(encoded: bytes) -> npt.NDArray[np.uint8] | None:
    """Decode an encoded picture to (H, W, 3) BGR, uint8; None if it is broken or too large.

    EXIF orientation is obeyed, 16 bits become 8, gray becomes three equal channels, and what is
    transparent shows white. Of an animation it is the first frame. A header that claims more pixels
    than the limit is refused before anything is decoded.
    """
    if not encoded or not is_complete_jpeg(encoded):
        return None
    try:
        picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
        if picture is not None and _may_be_transparent(encoded):
            picture = _over_white(encoded, picture)
    except cv2.error:  # the header claims more pixels than the limit
        return None
    return None if picture is None else picture.astype(np.uint8, copy=False)


def is_complete_jpeg(encoded: bytes) -> bool:
    """Tell whether a JPEG's scan ends; other files are not looked into.

    libjpeg fills in gray where it does not end, without an error.

    In a scan 0xFF is followed by 0x00 or a restart marker, so FF D9 there is the end marker. A
    thumbnail with an end marker of its own lies before the picture's scan, or after its end.
    """
    if not encoded.startswith(b"\xff\xd8"):
        return True
    start = first_scan(encoded)
    return start > 0 and encoded.rfind(b"\xff\xd9", start) > 0


def first_scan(jpeg: bytes | bytearray) -> int:
    """Return where the first scan starts, walking over the segments before it.

    0: not among these bytes; -1: nowhere, since what should be a segment is none.
    """
    place = 2
    while place + 4 <= len(jpeg):
        if jpeg[place] != 0xFF or jpeg[place + 1] in (0xD8, 0xD9):  # another start, or an end
            return -1
        if jpeg[place + 1] == 0xFF:  # markers may be padded
            place += 1
        elif jpeg[place + 1] == 0xDA:
            return place
        else:
            place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return 0


def _may_be_transparent(encoded: bytes) -> bool:
    """Tell whether a header allows transparency; BMP is left out, whose fourth byte is unused."""
    if encoded.startswith(b"\x89PNG"):  # colour types with alpha, or one transparent colour
        return encoded[25] in (4, 6) or encoded.find(b"tRNS", 0, encoded.find(b"IDAT")) > 0
    if encoded[8:12] == b"WEBP":
        return encoded[12:16] != b"VP8 "
    return encoded.startswith((b"GIF8", b"II*\0", b"MM\0*"))


def _over_white(encoded: bytes, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Lay a picture over white: transparent pixels hide any colour."""
    data = np.frombuffer(encoded, np.uint8)
    found, kinds, metadata = cv2.imdecodeWithMetadata(data, flags=cv2.IMREAD_UNCHANGED)
    if found is None or found.ndim != 3 or found.shape[2] != 4:
        return picture
    alpha = (found[..., 3:] >> 8 if found.dtype == np.uint16 else found[..., 3:]).astype(np.uint8)
    if alpha.min() == 255:
        return picture
    if len(metadata):
        alpha = _turn(alpha, kinds, metadata)
    weight = alpha.astype(np.uint16)
    seen: npt.NDArray[np.uint16] = picture * weight + (255 - weight) * 255
    return ((seen + 127) // 255).astype(np.uint8)


def _turn(
    alpha: npt.NDArray[np.uint8], kinds: Sequence[int], metadata: Sequence[npt.NDArray[np.uint8]]
) -> npt.NDArray[np.uint8]:
    """Turn (h, w, 1) alpha by the picture's metadata: OpenCV turns only what it decodes."""
    _, data = cv2.imencodeWithMetadata(".png", alpha, kinds, metadata)
    turned = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return turned[..., None]


def encode_png(picture: npt.NDArray[np.uint8]) -> bytes:
    """Encode (H, W), (H, W, 1) or (H, W, 3) BGR uint8 as PNG, as small as it gets."""
    return _encode(picture, ".png", [cv2.IMWRITE_PNG_COMPRESSION, 9])


def encode_fast(picture: npt.NDArray[np.uint8], suffix: str = ".png", quality: int = 95) -> bytes:
    """Encode a picture as PNG in a tenth of `encode_png`'s time, or as JPEG of a quality."""
    return _encode(picture, suffix, [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else [])


def _encode(picture: npt.NDArray[np.uint8], suffix: str, options: Sequence[int]) -> bytes:
    done, data = cv2.imencode(suffix, picture, options)
    if not done:
        raise ValueError(f"OpenCV cannot encode {picture.dtype} {picture.shape} as {suffix}")
    return data.tobytes()
