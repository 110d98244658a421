"""The pixel contract: what a network learned from is what a camera's frame becomes."""

import tempfile
from pathlib import Path

import numpy as np

from edgecnn.data.picture_files import FileList, PictureFile, read_pictures
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import encode_png
from edgecnn.sources.capture import open_source

LARGEST = 400
"""Longest side of a random picture, pixels."""


def random_picture(random: np.random.Generator) -> Frame:
    """Return noise of an odd size: gray, BGR or BGRA."""
    height, width = random.integers(1, LARGEST, 2)
    channels = random.choice((1, 3, 4))
    return random.integers(0, 256, (height, width, channels), np.uint8)


def differing_bytes(spec: ModelSpec, count: int, seed: int = 0) -> int:
    """Count the bytes in which the trainer and the runner read the same picture files unequally."""
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i:05}.png" for i in range(count)]
        for path in paths:
            path.write_bytes(encode_png(random_picture(random)))
        return int((learned(paths, spec) != seen(Path(folder), spec)).sum())


def learned(paths: list[Path], spec: ModelSpec) -> Frame:
    """Return picture files as a network learns them: (n, height, width, channels)."""
    files = tuple(PictureFile(path, 0) for path in paths)
    raw = read_pictures(FileList("pixels", spec.labels, files, None, None, ()), spec)
    assert isinstance(raw.train.frames, np.ndarray)
    return raw.train.frames


def seen(folder: Path, spec: ModelSpec) -> Frame:
    """Return the picture files of a folder as a device sees them."""
    with open_source(str(folder)) as source:
        return np.stack([fit_frame(frame, spec) for frame in source])
