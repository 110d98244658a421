"""Image folders: `train/<class>/...`, and `val` and `test` beside it where there are any."""

from pathlib import Path

import numpy as np

from edgecnn.errors import DataError
from edgecnn.frame import Frame
from edgecnn.opencv import PICTURE_SUFFIXES, decode_picture
from edgecnn.trainer.dataset import Pictures, RawDataset

DEFAULT_SHAPE = (32, 32, 3)

_VALIDATION_NAMES = ("val", "valid", "validation")


def read_image_folder(folder: Path, name: str) -> RawDataset:
    """Read every picture of an image folder; without `train`, its folders are the classes.

    Raises:
        DataError: There are no class folders, or a part has a class that `train` has not.
    """
    _check_parts(folder)
    root = folder / "train" if (folder / "train").is_dir() else folder
    labels = tuple(path.name for path in _folders(root))
    if not labels:
        raise DataError(
            f"{root} has no class folders", remedy="put the pictures into train/<class>/ folders"
        )
    problems: list[str] = []
    parts = {"train": _read_part(root, labels, problems)}
    for part in _folders(folder) if root != folder else []:
        if part.name in (*_VALIDATION_NAMES, "test"):
            parts[part.name] = _read_part(part, labels, problems)
    validation = next((parts[key] for key in _VALIDATION_NAMES if key in parts), None)
    return RawDataset(
        name, labels, DEFAULT_SHAPE, parts["train"], validation, parts.get("test"),
        problems=tuple(problems),
    )  # fmt: skip


def _check_parts(folder: Path) -> None:
    """Refuse parts that could only be misunderstood."""
    names = {path.name for path in _folders(folder)}
    validation = [name for name in _VALIDATION_NAMES if name in names]
    if len(validation) > 1:
        raise DataError(
            f"{folder} has both {' and '.join(validation)}", remedy="keep one for validation"
        )
    held_out = [*validation, *(["test"] if "test" in names else [])]
    if held_out and "train" not in names:
        raise DataError(
            f"{folder} has {' and '.join(held_out)} but no train",
            remedy="put the training pictures into train/<class>/ folders",
        )


def _read_part(root: Path, labels: tuple[str, ...], problems: list[str]) -> Pictures:
    unknown = [path.name for path in _folders(root) if path.name not in labels]
    if unknown:
        raise DataError(
            f"{root} has classes that train has not: {', '.join(unknown)}",
            remedy="add training pictures of them, or remove those folders",
        )
    stray = (path for path in sorted(root.iterdir()) if path.is_file() and _visible(path))
    problems += [f"{path}: in no class folder" for path in stray]
    frames: list[Frame] = []
    indexes: list[int] = []
    for index, label in enumerate(labels):
        found = _read_class(root / label, problems)
        frames += found
        indexes += [index] * len(found)
    return Pictures(frames, np.array(indexes, np.int64))


def _read_class(folder: Path, problems: list[str]) -> list[Frame]:
    frames: list[Frame] = []
    for path in _files(folder):
        if path.suffix.lower() not in PICTURE_SUFFIXES:
            problems.append(f"{path}: not a picture")
            continue
        picture = decode_picture(path.read_bytes())
        if picture is None:
            problems.append(f"{path}: {'broken' if path.stat().st_size else 'empty'}")
        else:
            frames.append(picture)
    return frames


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder and the folders in it, without hidden files and folders."""
    found = sorted(folder.rglob("*")) if folder.is_dir() else []
    return [
        path
        for path in found
        if path.is_file() and not any(n.startswith(".") for n in path.relative_to(folder).parts)
    ]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and _visible(path))


def _visible(path: Path) -> bool:
    return not path.name.startswith(".")
