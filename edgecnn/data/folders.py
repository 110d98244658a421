"""Image folders: `train/<class>/...`, with `val` and `test` beside `train` if there are any."""

import os
from collections.abc import Callable
from pathlib import Path

from edgecnn.collector.layout import RECORDINGS
from edgecnn.data.dataset import PARTS
from edgecnn.data.picture_files import PART_NAMES, FileList, PictureFile, escaped, is_picture_name
from edgecnn.errors import DataError


def list_image_folder(folder: Path, name: str) -> FileList:
    """List the pictures of an image folder; without `train`, its subfolders are the classes.

    Train, val (or valid, validation) and test may be in upper or lower case. Links are followed;
    hidden files and folders are ignored.

    Raises:
        DataError: There are no class folders, or a part has a class that `train` has not.
    """
    folders = _part_folders(folder)
    root = folders.get("train", folder)
    labels = tuple(path.name for path in _folders(root))
    if not labels:
        raise DataError(
            f"{root} has no class folders", remedy="put the pictures into train/<class>/ folders"
        )
    problems = _extra_entries(folder, folders)
    folders["train"] = root
    parts = {part: _list_part(folders[part], labels, problems) for part in PARTS if part in folders}
    return FileList(
        name, labels, parts["train"], parts.get("validation"), parts.get("test"), tuple(problems)
    )


def _part_folders(folder: Path) -> dict[str, Path]:
    """Return the folder of each part; raise DataError if it is ambiguous or `train` is missing."""
    found: dict[str, Path] = {}
    for path in _folders(folder):
        part = PART_NAMES.get(path.name.lower(), "")
        if part in found:
            raise DataError(
                f"{folder} has both {found[part].name} and {path.name}",
                remedy=f"keep one for {part}",
            )
        if part:
            found[part] = path
    if found and "train" not in found:
        held_out = [found[part].name for part in PARTS if part in found]
        raise DataError(
            f"{folder} has {' and '.join(held_out)} but no train",
            remedy="put the training pictures into train/<class>/ folders",
        )
    return found


def _extra_entries(folder: Path, folders: dict[str, Path]) -> list[str]:
    """Return a line for everything beside train, val and test; none of it is read."""
    if not folders:
        return []
    known = (*folders.values(), folder / RECORDINGS)
    extra = [path for path in _folders(folder) if path not in known]
    return [f"{escaped(path)}: not train, val or test" for path in extra] + _loose_files(folder)


def _list_part(root: Path, labels: tuple[str, ...], problems: list[str]) -> tuple[PictureFile, ...]:
    unknown = [path.name for path in _folders(root) if path.name not in labels]
    if unknown:
        raise DataError(
            f"{root} has classes that train has not: {', '.join(unknown)}",
            remedy="add training pictures of them, or remove those folders",
        )
    problems += _loose_files(root)
    listed: list[PictureFile] = []
    for index, label in enumerate(labels):
        for path in _files(root / label, problems) if (root / label).is_dir() else []:
            problem = _problem_of(path)
            if problem:
                problems.append(f"{escaped(path)}: {problem}")
            else:
                listed.append(PictureFile(path, index))
    return tuple(listed)


def _problem_of(path: Path) -> str:
    """Return why a file cannot be a picture, without opening it; empty if it may be one."""
    if not is_picture_name(path):
        return "not a picture"
    if path.is_file():
        return ""
    return "a link to nothing" if path.is_symlink() else "not a file"


def _files(root: Path, problems: list[str]) -> list[Path]:
    """Return the visible files of a folder and its subfolders; each folder is visited once."""

    def unreadable(error: OSError) -> None:
        problems.append(f"{escaped(error.filename)}: cannot be read: {error.strerror}")

    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    for folder, names, files in os.walk(root, onerror=unreadable, followlinks=True):
        place = (Path(folder).stat().st_dev, Path(folder).stat().st_ino)
        if place in seen:  # a link to a parent or a sibling folder
            problems.append(f"{escaped(folder)}: a link to a folder that is read already")
            names.clear()
            continue
        seen.add(place)
        names[:] = sorted(name for name in names if _visible(name))
        found += [Path(folder, name) for name in files if _visible(name)]
    return sorted(found, key=lambda path: path.parts)


def _loose_files(folder: Path) -> list[str]:
    return [f"{escaped(path)}: in no class folder" for path in _entries(folder, Path.is_file)]


def _folders(folder: Path) -> list[Path]:
    return _entries(folder, Path.is_dir)


def _entries(folder: Path, accept: Callable[[Path], bool]) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _visible(path.name) and accept(path))
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read: {error.strerror}", remedy="check its permissions"
        ) from error


def _visible(name: str) -> bool:
    return not name.startswith(".")
