"""Frozen dataclasses that travel as JSON and are read back strictly.

An unknown, missing or mistyped field is a `SpecError` that names it, never a default; only a field
that came later than the files around, marked `LATER`, may be missing.
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
"""Metadata of a field that older files lack: there it has its default."""


class Record:
    """Base of the dataclasses that are stored: spec, card, golden, reports."""

    def to_json(self, indent: int | None = None) -> str:
        """Return JSON text, the same for equal records; without an indent as short as it gets."""
        fields = dataclasses.asdict(self)  # type: ignore[call-overload]
        return to_text(fields, indent)

    @classmethod
    def from_json(cls, text: str) -> "Self":
        """Read `to_json`'s text.

        Raises:
            SpecError: The text is not JSON, or a field is unknown, missing or of another type.
        """
        try:
            return typing.cast("Self", _read(cls, json.loads(text), cls.__name__))
        except (ValueError, OverflowError, RecursionError) as error:
            raise SpecError(
                f"{cls.__name__} is not readable: {error}",
                remedy="make the file again with this version of edgecnn",
            ) from error


def to_text(value: object, indent: int | None = None) -> str:
    """Return JSON text, the same for equal values."""
    separators = None if indent else (",", ":")  # spaces would be a tenth of a small model's card
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators
    )


def _read(kind: Any, value: Any, where: str) -> Any:
    """Turn parsed JSON into the annotated type, or raise ValueError naming the place."""
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
    if origin in (types.UnionType, typing.Union):  # of one type and None
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
