"""MNIST-format data sets written by the format's own description, for tests to read."""

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

PARTS = ("train", "t10k")


def idx_bytes(values: npt.NDArray[np.uint8]) -> bytes:
    """Return an IDX file: magic 00 00 08 rank, big-endian sizes, the bytes."""
    header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.tobytes()


def image_file(part: str) -> str:
    return f"{part}-images-idx3-ubyte"


def label_file(part: str) -> str:
    return f"{part}-labels-idx1-ubyte"


def write_idx_folder(
    folder: Path, train: list[int], test: list[int], *, side: int = 12, gzipped: bool = False
) -> Path:
    """Write a data set of noise pictures, no two alike, with these labels."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for part, labels in zip(PARTS, (train, test), strict=True):
        pixels = random.integers(0, 256, (len(labels), side, side), np.uint8)
        for name, values in (
            (image_file(part), pixels),
            (label_file(part), np.array(labels, np.uint8)),
        ):
            data = idx_bytes(values)
            # No time stamp inside: the same folder has the same digests.
            content = gzip.compress(data, mtime=0) if gzipped else data
            (folder / f"{name}{'.gz' if gzipped else ''}").write_bytes(content)
    return folder
