"""Frozen dataclasses that are written as JSON and read back strictly.

An unknown, missing or mistyped field raises a `SpecError` that names it. Only a field marked
`LATER`, which older files do not have yet, may be missing; one marked `since(2)` belongs to a model
file of contract version 2 and is not allowed in one of version 1.
"""

import dataclasses
import json
import re
import types
import typing
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from edgecnn.errors import SpecError

if TYPE_CHECKING:
    from typing_extensions import Self  # typing.Self is 3.11

LATER = {"later": True}
"""Metadata of a dataclass field that older files do not have: it then gets its default."""
NEWEST = 2
"""The newest contract version of model files that is read."""
MAX_DIGITS = 20
"""Of a whole number: those of 64 bits, and a sign."""
MAX_ITEMS = 100_000
"""Of a list or table: it is refused before its items are read."""
SHOWN = 200
"""Characters of a wrong value that a message shows."""
_MOST_SHOWN = 2000
"""Characters of a message: a wrong field's name is of any length."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def since(version: int) -> dict[str, Any]:
    """Return the metadata of a field that came with this version of the model file's contract.

    It has a default, and is written only where its value differs: an older edgecnn refuses a file
    with a field that it does not know. A file with it carries this version, see `version_of`.
    """
    return {**LATER, "since": version}


class Record:
    """Base class of the dataclasses that are stored as JSON: spec, card, golden, reports."""

    def to_json(self, indent: int | None = None) -> str:
        """Return JSON text, equal for equal records; compact unless there is an indent."""
        return to_text(_plain(self), indent)

    @classmethod
    def from_json(cls, text: str, version: int = NEWEST) -> "Self":
        """Read the text that `to_json` returns.

        Args:
            text: The JSON text.
            version: The contract version of the file it stands in; fields of later versions are
                unknown.

        Raises:
            SpecError: The text is not JSON, or a field is unknown, missing or of the wrong type.
        """
        try:
            value = json.loads(text, parse_int=_whole_number)
            return typing.cast("Self", _Reader(version).read(cls, value, cls.__name__))
        except (ValueError, OverflowError, RecursionError) as error:
            raise SpecError(
                f"{cls.__name__} is not readable: {str(error)[:_MOST_SHOWN]}",
                remedy="make the file again with this version of edgecnn",
            ) from error


def to_text(value: object, indent: int | None = None) -> str:
    """Return JSON text with sorted keys, equal for equal values."""
    separators = None if indent else (",", ":")  # spaces would add a tenth to a small model's card
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators
    )


def version_of(record: Record) -> int:
    """Return the contract version that a record needs: that of its newest field with a value."""
    return max(_versions(record), default=1)


def _versions(value: Any) -> Iterator[int]:
    if dataclasses.is_dataclass(value):
        for field in _set_fields(value):
            yield _since(field)
            yield from _versions(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _versions(item)


def _set_fields(record: Any) -> list[dataclasses.Field[Any]]:
    """Return the fields of a dataclass that are written."""
    return [
        field
        for field in dataclasses.fields(record)
        if "since" not in field.metadata or getattr(record, field.name) != field.default
    ]


def _plain(value: Any) -> Any:
    """Return a value as the types that JSON has."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in _set_fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _whole_number(digits: str) -> int:
    """Return a whole number of JSON text, if it has at most 64 bits."""
    number = int(digits) if len(digits) <= MAX_DIGITS else 2**64
    if not -(2**63) <= number < 2**64:  # hashes have no sign
        raise ValueError(f"a whole number of {len(digits):,} digits has more than 64 bits")
    return number


class _Reader:
    """Converts parsed JSON to annotated types; a ValueError names the field that it does not fit.

    Args:
        version: The contract version of the file.
    """

    def __init__(self, version: int) -> None:
        self._version = version

    def read(self, kind: Any, value: Any, where: str) -> Any:
        """Convert one value to a type."""
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if isinstance(value, (list, dict)) and len(value) > MAX_ITEMS:
            raise ValueError(f"{where} has {len(value):,} items, {MAX_ITEMS:,} are allowed")
        if dataclasses.is_dataclass(kind):
            return self._record(kind, value, where)
        if origin is tuple and isinstance(value, list):
            if arguments[0] is float and set(map(type, value)) <= {float, int}:  # many logits
                return tuple(map(float, value))
            return tuple(
                self.read(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value)
            )
        if origin is dict and isinstance(value, dict):
            return {
                self.read(arguments[0], key, where): self.read(arguments[1], item, f"{where}.{key}")
                for key, item in value.items()
            }
        if origin in (types.UnionType, typing.Union):  # a type or None
            return None if value is None else self.read(arguments[0], value, where)
        return _read_simple(kind, value, where)

    def _record(self, kind: Any, value: Any, where: str) -> Any:
        fields = [f for f in dataclasses.fields(kind) if _since(f) <= self._version]
        later = {field.name for field in fields if "later" in field.metadata}
        expected = {field.name for field in fields}
        if not isinstance(value, dict) or set(value) | later != expected:
            names = sorted(value) if isinstance(value, dict) else value
            raise ValueError(
                f"{where} has fields {str(names)[:SHOWN]}, expected {sorted(expected)}"
            )
        hints = _hints(kind)
        found = {
            name: self.read(hints[name], item, f"{where}.{name}") for name, item in value.items()
        }
        return kind(**found)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _since(field: dataclasses.Field[Any]) -> int:
    """Return the contract version that a field came with."""
    return int(field.metadata.get("since", 1))


def _read_simple(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _read_enum(kind, value, where)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        expected = getattr(kind, "__name__", kind)
        raise ValueError(f"{where} is {repr(value)[:SHOWN]}, expected {expected}")
    if kind is str and _SURROGATE.search(value):
        raise ValueError(f"{where} holds half a character, a lone surrogate")
    return value


def _read_enum(kind: type[Enum], value: Any, where: str) -> Enum:
    choices = [member.value for member in kind]
    if value not in choices:
        found = repr(value)[:SHOWN]
        raise ValueError(f"{where} is {found}, expected one of {', '.join(choices)}")
    return kind(value)
