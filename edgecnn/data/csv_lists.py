"""CSV lists of pictures: one row each, with the columns `path`, `label` and optionally `split`."""

import csv
from dataclasses import dataclass
from pathlib import Path

from edgecnn.data.dataset import PARTS
from edgecnn.data.picture_files import PART_NAMES, FileList, PictureFile, escaped, is_picture_name
from edgecnn.errors import DataError

COLUMNS = ("path", "label", "split")


@dataclass(frozen=True)
class _Row:
    path: Path
    label: str
    part: str
    """train, validation or test."""


def list_csv(path: Path, name: str) -> FileList:
    """List the pictures that a CSV file names; relative paths start at the file's own folder.

    The header is `path,label` or `path,label,split`, in any order; a split is train, val or test.
    A row that cannot be used becomes a line of `problems`.

    Raises:
        DataError: The file is not such a list, or a class has no training rows.
    """
    problems: list[str] = []
    rows = _usable(_read_rows(path), path, problems)
    labels = tuple(sorted({row.label for row in rows if row.part == "train"}))
    unknown = sorted({row.label for row in rows} - set(labels))
    if unknown:
        raise DataError(
            f"{path} has classes without training rows: {', '.join(unknown)}",
            remedy="add training pictures of them, or remove those rows",
        )
    parts = {
        part: tuple(
            PictureFile(row.path, labels.index(row.label)) for row in rows if row.part == part
        )
        for part in PARTS
    }
    return FileList(
        name, labels, parts["train"], parts["validation"] or None, parts["test"] or None,
        tuple(problems),
    )  # fmt: skip


def _read_rows(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """Return the rows with their line numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # Excel writes a byte order mark
            reader = csv.DictReader(file, strict=True)
            _check_header(path, list(reader.fieldnames or []))
            return [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} is not a readable CSV file: {error}",
            remedy="save it as UTF-8, with commas between the columns",
        ) from error


def _check_header(path: Path, found: list[str]) -> None:
    unknown = [column for column in found if column not in COLUMNS]
    missing = [column for column in COLUMNS[:2] if column not in found]
    if unknown or missing or len(set(found)) != len(found):
        raise DataError(
            f"{path} has the columns {', '.join(map(repr, found)) or 'none'}",
            remedy="make its first line path,label or path,label,split",
        )


def _usable(
    rows: list[tuple[int, dict[str, str | None]]], path: Path, problems: list[str]
) -> list[_Row]:
    usable: list[_Row] = []
    seen: set[Path] = set()
    for line, cells in rows:
        row = _read_row(cells, path.parent)
        if isinstance(row, _Row) and row.path in seen:
            row = f"{escaped(row.path)} is listed twice"
        if isinstance(row, str):
            problems.append(f"{escaped(path)}, line {line}: {row}")
        else:
            seen.add(row.path)
            usable.append(row)
    return usable


def _read_row(cells: dict[str, str | None], folder: Path) -> _Row | str:
    """Return a row, or the reason why it cannot be used."""
    if None in cells or None in cells.values():
        return "has more or fewer cells than the first line"
    text = {column: (cell or "").strip() for column, cell in cells.items()}
    split = text.get("split", "train")
    if not text["path"] or not text["label"]:
        return "has no path" if not text["path"] else "has no label"
    if split.lower() not in PART_NAMES:
        return f"split is {split!r}, not train, val or test"
    file = folder / text["path"]
    if not is_picture_name(file):
        return f"{escaped(file)} is not a picture"
    if not file.is_file():
        return f"{escaped(file)} does not exist"
    return _Row(file, text["label"], PART_NAMES[split.lower()])
