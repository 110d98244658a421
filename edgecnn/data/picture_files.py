"""Lists of picture files by part and class, and their decoding.

An image folder and a CSV file both give a `FileList`; the rest of the code does not know which.
"""

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.data.dataset import Origins, Pictures, RawDataset
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import PICTURE_SUFFIXES, decode_picture

DEFAULT_SHAPE = (32, 32, 3)

PART_NAMES = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
"""Part by the lower-case name that a folder or a CSV file gives it."""

THREADS = min(os.cpu_count() or 1, 8)


@dataclass(frozen=True)
class PictureFile:
    """One file that should be a picture."""

    path: Path
    label: int
    """Class index."""


@dataclass(frozen=True)
class FileList:
    """The picture files of each part with their classes; none of them is opened yet."""

    name: str
    labels: tuple[str, ...]
    train: tuple[PictureFile, ...]
    validation: tuple[PictureFile, ...] | None
    """None: the data set has no such part of its own."""
    test: tuple[PictureFile, ...] | None
    problems: tuple[str, ...]
    """One line for each file that cannot be used."""


def outline(files: FileList) -> RawDataset:
    """Return the data set without pixels, to check its classes before any file is decoded."""
    return _read_parts(files, lambda part: Pictures([], _labels(part)), files.problems)


def read_pictures(files: FileList, spec: ModelSpec | None = None) -> RawDataset:
    """Decode every file; one that is not a complete picture becomes a line of `problems`.

    Args:
        files: The files to read.
        spec: Fit each picture to this input when it is decoded, so that only fitted frames stay in
            memory. None: keep the pictures at their own sizes.
    """
    problems = list(files.problems)
    return _read_parts(files, lambda part: _read_part(part, spec, problems), problems)


def is_picture_name(path: Path) -> bool:
    """Return whether a file has the suffix of a picture format."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def escaped(path: str | Path) -> str:
    """Return a path with backslash escapes for unprintable characters and undecodable bytes."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in os.fspath(path)
    )


def _read_parts(
    files: FileList, read: Callable[[Sequence[PictureFile]], Pictures], problems: Sequence[str]
) -> RawDataset:
    """Read each part that exists; `problems` may grow while `read` runs."""
    train, validation, test = (
        None if part is None else read(part) for part in (files.train, files.validation, files.test)
    )
    assert train is not None
    return RawDataset(
        files.name, files.labels, DEFAULT_SHAPE, train, validation, test, problems=tuple(problems)
    )


def _labels(files: Sequence[PictureFile]) -> npt.NDArray[np.int64]:
    return np.array([file.label for file in files], np.int64)


@dataclass(frozen=True)
class _Decoded:
    """A decoded picture, fitted if there is a spec, and its (height, width) before."""

    frame: Frame
    size: tuple[int, int]


def _read_part(
    files: Sequence[PictureFile], spec: ModelSpec | None, problems: list[str]
) -> Pictures:
    frames: list[Frame] | Frame = [] if spec is None else np.empty((len(files), *spec.shape), "u1")
    used: list[PictureFile] = []
    sizes: list[tuple[int, int]] = []
    for file, found in zip(files, _decode_all(files, spec), strict=True):
        if isinstance(found, str):
            problems.append(f"{escaped(file.path)}: {found}")
            continue
        if isinstance(frames, list):
            frames.append(found.frame)
        else:
            frames[len(used)] = found.frame
        used.append(file)
        sizes.append(found.size)
    return Pictures(frames[: len(used)], _labels(used), _origins(used, sizes))


def _origins(files: Sequence[PictureFile], sizes: Sequence[tuple[int, int]]) -> Origins:
    paths = np.array([escaped(file.path) for file in files], np.str_)
    return Origins(paths, np.array(sizes, np.int32).reshape(-1, 2))


def _decode_all(
    files: Sequence[PictureFile], spec: ModelSpec | None
) -> Generator[_Decoded | str, None, None]:
    """Yield the pictures in order, decoded in threads: OpenCV releases the GIL while it decodes."""
    with ThreadPool(THREADS) as pool:
        yield from pool.imap(partial(_decode, spec=spec), files, chunksize=16)


def _decode(file: PictureFile, spec: ModelSpec | None) -> _Decoded | str:
    """Return a file's picture, or the reason why it cannot be used."""
    try:
        encoded = file.path.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not encoded:
        return "empty"
    picture = decode_picture(encoded)
    if picture is None:
        return "broken"
    frame = picture if spec is None else fit_frame(picture, spec)
    return _Decoded(frame, (picture.shape[0], picture.shape[1]))
