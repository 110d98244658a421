"""Fitted pictures kept on disk: decoded once, memory-mapped ever after.

One folder a data set and input, named by a SHA-256 over everything that decides its content. It is
written beside its place and renamed whole, so that two runs may make the same one at once.
"""

import hashlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.atomic import sync_folder
from edgecnn.data.dataset import Dataset, Origins, Pictures
from edgecnn.data.picture_files import FileList
from edgecnn.errors import SpecError
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import cv2
from edgecnn.records import Record

FORMAT = 1
"""Raised whenever other pixels, parts or files would be kept for the same key."""

PARTS = ("train", "validation", "test")
ARRAYS = ("frames", "labels", "paths", "sizes")


@dataclass(frozen=True)
class About(Record):
    """What is kept beside the arrays; it is written last."""

    name: str
    labels: tuple[str, ...]
    problems: tuple[str, ...]


def kept(key: str, make: Callable[[], Dataset]) -> Dataset:
    """Return a data set from the cache, or make it and keep it there.

    Its frames are memory-mapped and read-only. A cache that cannot be written is a warning.

    Args:
        key: `key_of` the data set.
        make: Decodes, fits and splits the pictures; all of them must have `origins`.
    """
    folder = cache_folder() / key
    found = _read(folder)
    if found is not None:
        return found
    made = make()
    try:
        _write(folder, made)
    except OSError as error:
        warnings.warn(
            f"the fitted pictures cannot be kept in {folder.parent}: {error.strerror}; set "
            "EDGECNN_CACHE to a folder that can be written",
            stacklevel=2,
        )
    return _read(folder) or made


def cache_folder() -> Path:
    """Return the folder of fitted data sets: in EDGECNN_CACHE, or in the user's cache."""
    if os.environ.get("EDGECNN_CACHE"):
        return Path(os.environ["EDGECNN_CACHE"]) / "fitted"
    from platformdirs import user_cache_path

    return user_cache_path("edgecnn") / "fitted"


def key_of(files: FileList, spec: ModelSpec, train_size: int) -> str:
    """Return the SHA-256 over the files, as their folder describes them, and over what is made.

    A file counts as changed when its size, its time of writing or its time of change differs.
    """
    geometry = (spec.height, spec.width, spec.channels, spec.fit.value, spec.shrink.value)
    head = (FORMAT, cv2.__version__, files.name, files.labels, files.problems, geometry, train_size)
    sha = hashlib.sha256(repr(head).encode())
    for line in _describe(files):
        sha.update(line.encode("utf-8", "surrogateescape"))
    return sha.hexdigest()


def _describe(files: FileList) -> Iterator[str]:
    for part in (files.train, files.validation, files.test):
        yield "\n\n"
        for file in part or ():
            path = os.path.abspath(file.path)  # noqa: PTH100  (a Path takes ten times as long)
            try:
                stat = os.stat(path)  # noqa: PTH116
            except OSError:
                continue
            yield f"{path}\0{file.label} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}\n"


def _write(folder: Path, dataset: Dataset) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part_folder = Path(tempfile.mkdtemp(prefix=f".{folder.name[:8]}.", dir=folder.parent))
    try:
        for part in PARTS:
            for name, array in _arrays(getattr(dataset, part)).items():
                _save(part_folder / f"{part}-{name}.npy", array)
        about = About(dataset.name, dataset.labels, dataset.problems)
        _save_text(part_folder / "about.json", about.to_json())
        sync_folder(part_folder)
        _rename(part_folder, folder)
    finally:
        shutil.rmtree(part_folder, ignore_errors=True)


def _rename(part_folder: Path, folder: Path) -> None:
    """Put a folder in its place, unless another run was first with a whole one."""
    if folder.exists() and _read(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        part_folder.rename(folder)
    except OSError:
        if _read(folder) is None:
            raise


def _save(path: Path, array: npt.NDArray[np.generic]) -> None:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _save_text(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _arrays(pictures: Pictures) -> dict[str, npt.NDArray[np.generic]]:
    assert isinstance(pictures.frames, np.ndarray)
    assert pictures.origins is not None
    origins = pictures.origins
    arrays = (pictures.frames, pictures.labels, origins.paths, origins.sizes)
    return dict(zip(ARRAYS, arrays, strict=True))


def _read(folder: Path) -> Dataset | None:
    """Return what a folder keeps; None if it is not there, or not whole."""
    try:
        about = About.from_json((folder / "about.json").read_text(encoding="utf-8"))
        train, validation, test = (_read_part(folder, part) for part in PARTS)
    except (OSError, EOFError, ValueError, SpecError):
        return None
    return Dataset(about.name, about.labels, train, validation, test, about.problems)


def _read_part(folder: Path, part: str) -> Pictures:
    frames, labels, paths, sizes = (
        np.load(folder / f"{part}-{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS
    )
    if not len(frames) == len(labels) == len(paths) == len(sizes):
        raise ValueError(f"{folder} has arrays of different lengths")
    return Pictures(frames, np.array(labels), Origins(paths, np.array(sizes)))
