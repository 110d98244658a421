"""OpenCV, or the line that installs what it misses. Every module takes `cv2` from here."""

import os

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
    """Decode an encoded picture to (H, W, 3) BGR or (H, W) gray, uint8; None if it is broken."""
    if not encoded:
        return None
    try:
        # EXIF orientation is obeyed; 16 bits become 8; alpha is dropped.
        picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # the header claims more pixels than the limit
        return None
    return None if picture is None else picture.astype(np.uint8, copy=False)


def encode_png(picture: npt.NDArray[np.uint8]) -> bytes:
    """Encode (H, W), (H, W, 1) or (H, W, 3) BGR uint8 as PNG, as small as it gets."""
    done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise ValueError(f"OpenCV cannot encode {picture.dtype} {picture.shape} as PNG")
    return data.tobytes()
