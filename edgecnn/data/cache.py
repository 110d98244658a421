"""A cache of fitted pictures on disk: decoded at the first load, memory-mapped at later ones.

Each data set and input has one folder, named by a SHA-256 over everything that decides its content.
It is written under a temporary name and then renamed, so two runs may write the same one at once.
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
from edgecnn.data.dataset import PARTS, Dataset, Origins, Pictures
from edgecnn.data.picture_files import FileList
from edgecnn.errors import SpecError
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import cv2
from edgecnn.records import Record

FORMAT = 1
"""Version of the stored arrays: to be raised when the same key would give other content."""

ARRAYS = ("frames", "labels", "paths", "sizes")


@dataclass(frozen=True)
class CacheEntry(Record):
    """`about.json`: what is stored beside the arrays. It is written last."""

    name: str
    labels: tuple[str, ...]
    problems: tuple[str, ...]


def cached(key: str, make: Callable[[], Dataset]) -> Dataset:
    """Return a data set from the cache; if it is not there, make and store it.

    Its frames are memory-mapped and read-only. If the cache cannot be written, the data set stays
    in memory and a warning says so.

    Args:
        key: The `cache_key` of the data set.
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
            f"the fitted pictures cannot be stored in {folder.parent}: {error.strerror}; set "
            "EDGECNN_CACHE to a writable folder",
            stacklevel=2,
        )
    return _read(folder) or made


def cache_folder() -> Path:
    """Return the cache's folder: under EDGECNN_CACHE if set, else under the user's cache folder."""
    if os.environ.get("EDGECNN_CACHE"):
        return Path(os.environ["EDGECNN_CACHE"]) / "fitted"
    from platformdirs import user_cache_path

    return user_cache_path("edgecnn") / "fitted"


def cache_key(files: FileList, spec: ModelSpec, train_size: int) -> str:
    """Return a SHA-256 over the list of files, their metadata, and how they are fitted and split.

    A file counts as changed if its size, modification time or status-change time differs; its
    content is not read.

    Args:
        files: The picture files.
        spec: The input that they are fitted to.
        train_size: Number of training pictures, as for `prepare`.
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
            path = os.path.abspath(file.path)  # noqa: PTH100  (pathlib is ten times slower)
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
            for name, array in _arrays(dataset.part(part)).items():
                _save(part_folder / f"{part}-{name}.npy", array)
        entry = CacheEntry(dataset.name, dataset.labels, dataset.problems)
        _save_text(part_folder / "about.json", entry.to_json())
        sync_folder(part_folder)
        _rename(part_folder, folder)
    finally:
        shutil.rmtree(part_folder, ignore_errors=True)


def _rename(part_folder: Path, folder: Path) -> None:
    """Give a folder its final name, unless another run has stored a complete one there."""
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
    arrays = (pictures.frames, pictures.labels, pictures.origins.paths, pictures.origins.sizes)
    return dict(zip(ARRAYS, arrays, strict=True))


def _read(folder: Path) -> Dataset | None:
    """Return the data set stored in a folder; None if it is missing or incomplete."""
    try:
        entry = CacheEntry.from_json((folder / "about.json").read_text(encoding="utf-8"))
        train, validation, test = (_read_part(folder, part) for part in PARTS)
    except (OSError, EOFError, ValueError, SpecError):
        return None
    return Dataset(entry.name, entry.labels, train, validation, test, entry.problems)


def _read_part(folder: Path, part: str) -> Pictures:
    frames, labels, paths, sizes = (
        np.load(folder / f"{part}-{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS
    )
    if not len(frames) == len(labels) == len(paths) == len(sizes):
        raise ValueError(f"{folder} has arrays of different lengths")
    return Pictures(frames, np.array(labels), Origins(paths, np.array(sizes)))
