"""The labels of an external model: a text file, one class name a line, in the model's order."""

import json
from pathlib import Path
from typing import NoReturn

from edgecnn.errors import NotFound, OptionError
from edgecnn.runner.smoothing import UNKNOWN

MAX_KIB = 1024
A_LINE = "give a UTF-8 text, one label a line, in the model's order"


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names in a text file, one a line; empty lines at the end do not count.

    Raises:
        NotFound: There is no such file.
        OptionError: It is not UTF-8 text, or a line is no label of its own.
    """
    text = _text(path)
    if _is_json(text):
        _refuse(path, 1, "is JSON")
    labels = tuple(line.strip() for line in text.rstrip().splitlines())
    lines: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        if not label:
            _refuse(path, number, "is empty")
        if not label.isprintable():
            _refuse(path, number, f"is {label!r}, with a control character")
        if label == UNKNOWN:
            other = f"call the class otherwise: {UNKNOWN!r} is said where no label is sure enough"
            _refuse(path, number, f"is {UNKNOWN!r}", other)
        if label in lines:
            apart = "give each class a name of its own, such as 'crane' and 'crane (machine)'"
            _refuse(path, number, f"is {label!r}, which is in line {lines[label]} already", apart)
        lines[label] = number
    return labels


def _text(path: Path) -> str:
    if not path.is_file():
        raise NotFound(f"there is no file of labels {str(path)!r}", remedy="give one with --labels")
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_KIB * 1024 + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read: {error}", remedy=A_LINE) from error
    if len(text) > MAX_KIB * 1024:
        raise OptionError(f"{path} is larger than {MAX_KIB} KiB", remedy=A_LINE)
    return text


def _is_json(text: str) -> bool:
    """Return whether a text is a JSON list or object."""
    if text.lstrip()[:1] not in ("[", "{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(path: Path, line: int, what: str, remedy: str = A_LINE) -> NoReturn:
    raise OptionError(f"{path}, line {line} {what}", remedy=remedy)
