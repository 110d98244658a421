"""Image folders that are really written, for the tests that read them."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.data.dataset import RawDataset
from edgecnn.data.folders import list_image_folder
from edgecnn.data.picture_files import read_pictures
from edgecnn.opencv import cv2


def picture(seed: int, *shape: int) -> npt.NDArray[np.uint8]:
    """Return noise: (20, 24, 3) unless a shape is given."""
    return np.random.default_rng(seed).integers(0, 256, shape or (20, 24, 3), np.uint8)


def scene(seed: int, height: int = 60, width: int = 80) -> npt.NDArray[np.uint8]:
    """Return a smooth coloured picture, as cameras give it: no two seeds look alike."""
    small = picture(seed, 5, 6, 3)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def encoded(pixels: npt.NDArray[np.generic], suffix: str = ".png") -> bytes:
    """Return a picture file's bytes."""
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return bytes(data.tobytes())


def write_class(folder: Path, count: int, suffix: str = ".png") -> Path:
    """Write this many pictures, no two alike, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        pixels = picture(zlib.crc32(f"{folder.parent.name}/{folder.name}/{i}".encode()))
        (folder / f"{i}{suffix}").write_bytes(encoded(pixels, suffix))
    return folder


def read_image_folder(folder: Path, name: str) -> RawDataset:
    """Read an image folder at the pictures' own sizes."""
    return read_pictures(list_image_folder(folder, name))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's permission to read everything, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
