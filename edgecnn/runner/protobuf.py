"""Just enough of the protobuf wire format to look into a model without the onnx package.

Source: the encoding reference of Protocol Buffers, and onnx.proto for the field numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """The bytes are not a protobuf message."""


@dataclass(frozen=True)
class Field:
    """One field of a message: its number, and where its value lies in the buffer."""

    number: int
    start: int
    end: int
    varint: int = 0
    """The value, when it is a varint."""


def fields(buffer: bytes, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message in buffer[start:end]; raises WireError."""
    while start < end:
        key, start = _varint(buffer, start, end)
        number, wire_type = key >> 3, key & 7
        value = 0
        if wire_type == VARINT:
            begin = start
            value, start = _varint(buffer, start, end)
        elif wire_type == LENGTH_DELIMITED:
            length, begin = _varint(buffer, start, end)
            start = begin + length
        elif wire_type in (FIXED64, FIXED32):
            begin = start
            start += 8 if wire_type == FIXED64 else 4
        else:
            raise WireError(f"wire type {wire_type} at byte {start}")
        if start > end:
            raise WireError(f"field {number} ends at byte {start}, its message at {end}")
        yield Field(number, begin, start, value)


def _varint(buffer: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the number and the position behind it."""
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
