"""A reader of the protobuf wire format, so that a model can be checked without the onnx package.

It is stricter than other parsers, so that none of them can read something else than what was
checked: a field that is not repeated appears once, and has the wire type of its declaration.

Source: the encoding reference of Protocol Buffers, and onnx.proto for the field numbers.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5

MAX_FIELDS = 500_000
"""Most fields of a file: a hundred times those of a large classifier; they are read in a second."""
MAX_FIELD_NUMBER = 2**29 - 1
_MORE = bytes(range(0x80, 0x100))
"""The bytes after which a varint continues."""


class WireError(ValueError):
    """The bytes are not a protobuf message."""


class Field(NamedTuple):
    """One field of a message: its number, and the position of its value in the buffer."""

    number: int
    start: int
    end: int
    varint: int = 0
    """The value, if it is a varint."""
    wire_type: int = LENGTH_DELIMITED


def fields(buffer: bytes, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of a message.

    Args:
        buffer: The bytes of the file.
        start: Offset of the message's first byte.
        end: Offset behind its last byte.

    Raises:
        WireError: The bytes are not a message.
    """
    left = MAX_FIELDS
    while start < end:
        left -= 1
        if left < 0:
            raise WireError(f"there are more than {MAX_FIELDS:,} fields")
        key, start = _varint(buffer, start, end)
        number, wire_type = key >> 3, key & 7
        if not 1 <= number <= MAX_FIELD_NUMBER:
            raise WireError(f"field number {number} at byte {start}")
        value = 0
        if wire_type == VARINT:
            begin, (value, start) = start, _varint(buffer, start, end)
        elif wire_type == LENGTH_DELIMITED:
            length, begin = _varint(buffer, start, end)
            start = begin + length
        elif wire_type in (FIXED64, FIXED32):
            begin, start = start, start + (8 if wire_type == FIXED64 else 4)
        else:
            raise WireError(f"wire type {wire_type} at byte {start}")
        if start > end:
            raise WireError(f"field {number} ends at byte {start}, its message at {end}")
        yield Field(number, begin, start, value, wire_type)


class Message:
    """A message: its fields by number.

    Args:
        data: The bytes of the file.
        start: Offset of the message's first byte.
        end: Offset behind its last byte.
        budget: Shared by all messages of a file; it yields one item for each field that is allowed.
    """

    def __init__(self, data: bytes, start: int, end: int, budget: Iterator[int]) -> None:
        self._data, self._budget = data, budget
        self._fields: dict[int, list[Field]] = defaultdict(list)
        for field in fields(data, start, end):
            if next(budget, None) is None:
                raise WireError(f"there are more than {MAX_FIELDS:,} fields")
            self._fields[field.number].append(field)

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def messages(self, number: int) -> Iterator["Message"]:
        """Yield the messages of a repeated field, in order."""
        for field in self._of(number, LENGTH_DELIMITED):
            yield Message(self._data, field.start, field.end, self._budget)

    def message(self, number: int) -> "Message | None":
        """Return the message in a field, or None if there is no such field."""
        self._once(number)
        return next(self.messages(number), None)

    def span(self, number: int) -> Field | None:
        """Return where a text or message lies that may stand once; None without one."""
        self._once(number)
        return next(iter(self._of(number, LENGTH_DELIMITED)), None)

    def integer(self, number: int) -> int:
        """Return the signed value of a field, 0 if there is no such field."""
        self._once(number)
        return next((_signed(field.varint) for field in self._of(number, VARINT)), 0)

    def integers(self, number: int) -> Iterator[int]:
        """Yield the signed values of a repeated field, packed or not."""
        for field in self._of(number, VARINT, LENGTH_DELIMITED):
            if field.wire_type == VARINT:
                yield _signed(field.varint)
                continue
            start = field.start
            while start < field.end:
                value, start = _varint(self._data, start, field.end)
                yield _signed(value)

    def text(self, number: int) -> str:
        """Return the text of a field, empty if there is no such field."""
        self._once(number)
        return next(self.texts(number), "")

    def texts(self, number: int) -> Iterator[str]:
        """Yield the texts of a repeated field."""
        for field in self._of(number, LENGTH_DELIMITED):
            try:
                yield self._data[field.start : field.end].decode()
            except UnicodeDecodeError:
                raise WireError(f"the text at byte {field.start} is not UTF-8") from None

    def count_bytes(self, number: int, *wire_types: int) -> int:
        """Return the number of bytes of all values of a field; each has one of the wire types."""
        return sum(field.end - field.start for field in self._of(number, *wire_types))

    def count_integers(self, number: int) -> int:
        """Return the number of integers in a repeated field, packed or not."""
        found = self._of(number, VARINT, LENGTH_DELIMITED)
        return sum(len(self._data[f.start : f.end].translate(None, _MORE)) for f in found)

    def _of(self, number: int, *wire_types: int) -> list[Field]:
        found = self._fields.get(number, [])
        wrong = [field for field in found if field.wire_type not in wire_types]
        if wrong:
            raise WireError(f"field {number} at byte {wrong[0].start} is of another type")
        return found

    def _once(self, number: int) -> None:
        if len(self._fields.get(number, [])) > 1:
            raise WireError(f"field {number} appears twice")


def whole_message(data: bytes) -> Message:
    """Read a file that is one message; raises WireError."""
    return Message(data, 0, len(data), iter(range(MAX_FIELDS)))


def _signed(value: int) -> int:
    value %= 2**64
    return value - 2**64 if value >= 2**63 else value


def _varint(buffer: bytes, start: int, end: int) -> tuple[int, int]:
    """Return a varint at `start` and the offset behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if start >= end:
            raise WireError(f"the message ends inside a number at byte {start}")
        byte = buffer[start]
        start += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, start
    raise WireError(f"a number at byte {start} is longer than 64 bits")
