"""Picture files, listed by part and class, and how a list becomes pixels.

A folder and a CSV file both give a `FileList`; what is in it does not depend on which it was.
"""

import os
from collections.abc import Generator, Sequence
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

PARTS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
"""The part that a folder or a CSV file means by a name, in lower case."""

THREADS = min(os.cpu_count() or 1, 8)


@dataclass(frozen=True)
class PictureFile:
    """One file that should be a picture."""

    path: Path
    label: int
    """Class index."""


@dataclass(frozen=True)
class FileList:
    """Which files are the pictures of which part and class; nothing of them is decoded yet."""

    name: str
    labels: tuple[str, ...]
    train: tuple[PictureFile, ...]
    validation: tuple[PictureFile, ...] | None
    test: tuple[PictureFile, ...] | None
    problems: tuple[str, ...]
    """One line for each file that cannot be used."""


def outline(files: FileList) -> RawDataset:
    """Return the data set without its pixels, so that it can be checked before they are decoded."""
    train = Pictures([], _labels(files.train))
    validation, test = (
        None if part is None else Pictures([], _labels(part))
        for part in (files.validation, files.test)
    )
    return _raw(files, train, validation, test, files.problems)


def read_pictures(files: FileList, spec: ModelSpec | None = None) -> RawDataset:
    """Decode every file; one that is no whole picture becomes a line of `problems`.

    Args:
        files: What to read.
        spec: Fit each picture as it is read, so that no more than fitted frames fill the memory.
            None: keep them as they are.
    """
    problems = list(files.problems)
    train = _read_part(files.train, spec, problems)
    validation, test = (
        None if part is None else _read_part(part, spec, problems)
        for part in (files.validation, files.test)
    )
    return _raw(files, train, validation, test, tuple(problems))


def is_picture_name(path: Path) -> bool:
    """Tell whether a file's ending is one of a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def shown(path: str | Path) -> str:
    """Return a path as text that can be printed and stored, whatever bytes it is made of."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in os.fspath(path)
    )


def _raw(
    files: FileList,
    train: Pictures,
    validation: Pictures | None,
    test: Pictures | None,
    problems: tuple[str, ...],
) -> RawDataset:
    return RawDataset(
        files.name, files.labels, DEFAULT_SHAPE, train, validation, test, problems=problems
    )


def _labels(files: Sequence[PictureFile]) -> npt.NDArray[np.int64]:
    return np.array([file.label for file in files], np.int64)


@dataclass(frozen=True)
class _Decoded:
    """A picture, fitted if that was asked for, and the size it had before."""

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
            problems.append(f"{shown(file.path)}: {found}")
            continue
        if isinstance(frames, list):
            frames.append(found.frame)
        else:
            frames[len(used)] = found.frame
        used.append(file)
        sizes.append(found.size)
    return Pictures(frames[: len(used)], _labels(used), _origins(used, sizes))


def _origins(files: Sequence[PictureFile], sizes: Sequence[tuple[int, int]]) -> Origins:
    paths = np.array([shown(file.path) for file in files], np.str_)
    return Origins(paths, np.array(sizes, np.int32).reshape(-1, 2))


def _decode_all(
    files: Sequence[PictureFile], spec: ModelSpec | None
) -> Generator[_Decoded | str, None, None]:
    """Yield the pictures in order, from several threads: OpenCV leaves Python meanwhile."""
    with ThreadPool(THREADS) as pool:
        yield from pool.imap(partial(_decode, spec=spec), files, chunksize=16)


def _decode(file: PictureFile, spec: ModelSpec | None) -> _Decoded | str:
    """Return a file's picture, or what is wrong with it."""
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
