"""Frozen dataclasses that are written as JSON and read back strictly.

An unknown, missing or mistyped field raises a `SpecError` that names it. Only a field marked
`LATER`, which older files do not have yet, may be missing.
"""

import dataclasses
import json
import types
import typing
from enum import Enum
from typing import TYPE_CHECKING, Any

from edgecnn.errors import SpecError

if TYPE_CHECKING:
    from typing_extensions import Self  # typing.Self is 3.11

LATER = {"later": True}
"""Metadata of a dataclass field that older files do not have: it then gets its default."""


class Record:
    """Base class of the dataclasses that are stored as JSON: spec, card, golden, reports."""

    def to_json(self, indent: int | None = None) -> str:
        """Return JSON text, equal for equal records; compact unless there is an indent."""
        return to_text(dataclasses.asdict(self), indent)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, text: str) -> "Self":
        """Read the text that `to_json` returns.

        Raises:
            SpecError: The text is not JSON, or a field is unknown, missing or of the wrong type.
        """
        try:
            return typing.cast("Self", _read(cls, json.loads(text), cls.__name__))
        except (ValueError, OverflowError, RecursionError) as error:
            raise SpecError(
                f"{cls.__name__} is not readable: {error}",
                remedy="make the file again with this version of edgecnn",
            ) from error


def to_text(value: object, indent: int | None = None) -> str:
    """Return JSON text with sorted keys, equal for equal values."""
    separators = None if indent else (",", ":")  # spaces would add a tenth to a small model's card
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators
    )


def _read(kind: Any, value: Any, where: str) -> Any:
    """Convert parsed JSON to the annotated type; a ValueError names the field."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _read_record(kind, value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_read(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {
            _read(arguments[0], key, where): _read(arguments[1], item, f"{where}.{key}")
            for key, item in value.items()
        }
    if origin in (types.UnionType, typing.Union):  # a type or None
        return None if value is None else _read(arguments[0], value, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _read_enum(kind, value, where)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{where} is {value!r}, expected {getattr(kind, '__name__', kind)}")
    return value


def _read_enum(kind: type[Enum], value: Any, where: str) -> Enum:
    choices = [member.value for member in kind]
    if value not in choices:
        raise ValueError(f"{where} is {value!r}, expected one of {', '.join(choices)}")
    return kind(value)


def _read_record(kind: Any, value: Any, where: str) -> Any:
    hints = typing.get_type_hints(kind)
    later = {field.name for field in dataclasses.fields(kind) if "later" in field.metadata}
    if not isinstance(value, dict) or set(value) | later != set(hints):
        names = sorted(value) if isinstance(value, dict) else value
        raise ValueError(f"{where} has fields {names}, expected {sorted(hints)}")
    found = {name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()}
    return kind(**found)
