"""Import OpenCV with safe limits; decode and encode images. All modules import `cv2` from here."""

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgecnn.errors import LibraryError

# A file of a few kB can declare an image of gigabytes. OpenCV reads this limit at import only.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))

# edgecnn reports errors itself. To see OpenCV's own log, set these variables.
os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

try:
    import cv2 as cv2
except ImportError as error:
    if "cannot open shared object" in str(error):
        raise LibraryError(
            f"opencv-python lacks a system library: {error}",
            remedy="on Debian, Ubuntu and Raspberry Pi OS: apt-get install libgl1 libglib2.0-0",
        ) from error
    raise LibraryError(
        f"OpenCV cannot be imported: {error}", remedy="pip install opencv-python"
    ) from error


PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"))
"""Suffixes of files that are read as images, in lower case."""


def decode_picture(encoded: bytes) -> npt.NDArray[np.uint8] | None:
    """Decode an image file's bytes to (H, W, 3) uint8 BGR; None if it is broken or too large.

    EXIF orientation is applied, 16 bits are reduced to 8, gray becomes three equal channels,
    transparent pixels become white, and only the first frame of an animation is read. An image
    whose header declares more than 2^27 pixels is rejected before it is decoded.
    """
    if not encoded or not is_complete_jpeg(encoded):
        return None
    try:
        picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
        if picture is not None and _may_be_transparent(encoded):
            picture = _over_white(encoded, picture)
    except cv2.error:  # the header declares too many pixels
        return None
    return None if picture is None else picture.astype(np.uint8, copy=False)


def is_complete_jpeg(encoded: bytes) -> bool:
    """Return whether a JPEG has its end marker (EOI); True for other formats.

    libjpeg fills the missing rows of a truncated JPEG with gray and reports no error.

    Inside a scan, 0xFF is followed by 0x00 or a restart marker, so FF D9 there is the end marker.
    An embedded thumbnail with its own end marker lies before the scan, or after the image's end.
    """
    if not encoded.startswith(b"\xff\xd8"):
        return True
    start = first_scan(encoded)
    return start > 0 and encoded.rfind(b"\xff\xd9", start) > 0


def first_scan(jpeg: bytes | bytearray) -> int:
    """Return the offset of a JPEG's first scan (SOS marker), in bytes.

    Returns:
        0 if these bytes end before the scan; -1 if the segments before it are invalid.
    """
    offset = 2
    while offset + 4 <= len(jpeg):
        if jpeg[offset] != 0xFF or jpeg[offset + 1] in (0xD8, 0xD9):  # SOI or EOI before a scan
            return -1
        if jpeg[offset + 1] == 0xFF:  # markers may be padded with 0xFF
            offset += 1
        elif jpeg[offset + 1] == 0xDA:
            return offset
        else:
            offset += 2 + int.from_bytes(jpeg[offset + 2 : offset + 4], "big")
    return 0


def _may_be_transparent(encoded: bytes) -> bool:
    """Return whether the format can be transparent; not BMP, whose fourth byte is unused."""
    if encoded.startswith(b"\x89PNG"):  # colour types with alpha, or a tRNS chunk
        return encoded[25] in (4, 6) or encoded.find(b"tRNS", 0, encoded.find(b"IDAT")) > 0
    if encoded[8:12] == b"WEBP":
        return encoded[12:16] != b"VP8 "
    return encoded.startswith((b"GIF8", b"II*\0", b"MM\0*"))


def _over_white(encoded: bytes, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Blend an image over white: transparent pixels may hold any colour."""
    data = np.frombuffer(encoded, np.uint8)
    found, kinds, metadata = cv2.imdecodeWithMetadata(data, flags=cv2.IMREAD_UNCHANGED)
    if found is None or found.ndim != 3 or found.shape[2] != 4:
        return picture
    alpha = (found[..., 3:] >> 8 if found.dtype == np.uint16 else found[..., 3:]).astype(np.uint8)
    if alpha.min() == 255:
        return picture
    if len(metadata):
        alpha = _apply_orientation(alpha, kinds, metadata)
    weight = alpha.astype(np.uint16)
    blended: npt.NDArray[np.uint16] = picture * weight + (255 - weight) * 255
    return ((blended + 127) // 255).astype(np.uint8)


def _apply_orientation(
    alpha: npt.NDArray[np.uint8], kinds: Sequence[int], metadata: Sequence[npt.NDArray[np.uint8]]
) -> npt.NDArray[np.uint8]:
    """Rotate (H, W, 1) alpha by its EXIF orientation, which OpenCV applies only while decoding."""
    _, data = cv2.imencodeWithMetadata(".png", alpha, kinds, metadata)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)[..., None]


def encode_png(picture: npt.NDArray[np.uint8]) -> bytes:
    """Encode (H, W), (H, W, 1) or (H, W, 3) BGR uint8 as PNG at the highest compression."""
    return _encode(picture, ".png", [cv2.IMWRITE_PNG_COMPRESSION, 9])


def encode_fast(picture: npt.NDArray[np.uint8], suffix: str = ".png", quality: int = 95) -> bytes:
    """Encode an image as PNG, ten times as fast as `encode_png`, or as JPEG.

    Args:
        picture: (H, W), (H, W, 1) or (H, W, 3) BGR, uint8.
        suffix: .png or .jpg.
        quality: Of the JPEG, 0 to 100.
    """
    return _encode(picture, suffix, [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else [])


def _encode(picture: npt.NDArray[np.uint8], suffix: str, options: Sequence[int]) -> bytes:
    done, data = cv2.imencode(suffix, picture, options)
    if not done:
        raise ValueError(f"OpenCV cannot encode {picture.dtype} {picture.shape} as {suffix}")
    return data.tobytes()
