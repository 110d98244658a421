"""MNIST-format data sets: four IDX files, gzipped or not.

Source: "The IDX file format" at the end of LeCun's MNIST page.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.data.dataset import Pictures, RawDataset
from edgecnn.errors import DataError

IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
FILES = tuple(f"{part}-{kind}.gz" for part in ("train", "t10k") for kind in (IMAGES, LABELS))

_UBYTE = 0x08


def is_idx_folder(folder: Path) -> bool:
    """Return whether a folder holds the training pictures of an MNIST-format data set."""
    return _find(folder, f"train-{IMAGES}") is not None


def read_idx_folder(folder: Path, name: str) -> RawDataset:
    """Read an MNIST-format data set; `labels.txt` may give the class names, one a line.

    Raises:
        DataError: A file is missing or broken, or pictures and labels differ in number.
    """
    train, test = _read_part(folder, "train"), _read_part(folder, "t10k")
    labels = _label_names(folder, int(train.labels.max(initial=-1)) + 1)
    train, bad_train = _drop_mislabelled(train, len(labels), "train")
    test, bad_test = _drop_mislabelled(test, len(labels), "t10k")
    assert isinstance(train.frames, np.ndarray)
    height, width = train.frames.shape[1:3]
    return RawDataset(
        name, labels, (height, width, 1), train, test=test, in_order=True,
        problems=(*bad_train, *bad_test),
    )  # fmt: skip


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes into an array of the shape that its header gives.

    Raises:
        DataError: It is not such a file, or is truncated or too long.
    """
    data = _read_bytes(path)
    if len(data) < 4 or data[:3] != bytes((0, 0, _UBYTE)):
        raise _broken(path, f"starts with {data[:4].hex(' ') or 'nothing'}, not 00 00 08")
    header = 4 + 4 * data[3]
    if len(data) < header:
        raise _broken(path, f"its header ends at byte {len(data)}")
    shape = struct.unpack(f">{data[3]}I", data[4:header])
    if len(data) - header != int(np.prod(shape, dtype=object)):
        raise _broken(path, f"holds {len(data) - header} values, its header promises {shape}")
    try:
        return np.frombuffer(data, np.uint8, offset=header).reshape(shape)
    except ValueError as error:  # more dimensions than numpy supports
        raise _broken(path, str(error)) from error


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(path, str(error)) from error


def _read_part(folder: Path, part: str) -> Pictures:
    images, labels = (_find(folder, f"{part}-{kind}") for kind in (IMAGES, LABELS))
    if images is None or labels is None:
        raise DataError(
            f"{folder} has no {part}-{IMAGES} or no {part}-{LABELS}, with or without .gz",
            remedy="put all four MNIST-format files into the folder",
        )
    pixels, indexes = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or indexes.shape != pixels.shape[:1]:
        raise _broken(labels, f"has shape {indexes.shape}, its pictures {pixels.shape}")
    return Pictures(pixels[..., None], indexes.astype(np.int64))


def _drop_mislabelled(
    pictures: Pictures, classes: int, part: str
) -> tuple[Pictures, tuple[str, ...]]:
    bad = np.flatnonzero(pictures.labels >= classes)
    problems = (f"{part} picture {i}: label {pictures.labels[i]} has no name" for i in bad)
    good = np.flatnonzero(pictures.labels < classes)
    return (pictures.take(good) if len(bad) else pictures), tuple(problems)


def _label_names(folder: Path, classes: int) -> tuple[str, ...]:
    file = folder / "labels.txt"
    if not file.is_file():
        return tuple(str(i) for i in range(classes))
    try:
        return tuple(file.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is broken: {error}", remedy="save it as UTF-8") from error


def _find(folder: Path, stem: str) -> Path | None:
    found = (folder / f"{stem}{suffix}" for suffix in (".gz", ""))
    return next((path for path in found if path.is_file()), None)


def _broken(path: Path, why: str) -> DataError:
    return DataError(f"{path} is broken: {why}", remedy="download or copy it again")
