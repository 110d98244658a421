"""The wire format, against messages that the onnx package wrote."""

import struct

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.model.protobuf import FIXED64, Field, WireError, fields

KEY, VALUE = 1, 2
ATTRIBUTE_FLOAT, ATTRIBUTE_INT = 2, 3
GRAPH_NODE, NODE_NAME = 1, 3

modest = settings(deadline=None, max_examples=100, database=None)


def read(data: bytes) -> list[Field]:
    return list(fields(data, 0, len(data)))


@modest
@given(st.text(), st.text())
def test_texts_lie_where_the_fields_say(key: str, value: str) -> None:
    data = onnx.StringStringEntryProto(key=key, value=value).SerializeToString()
    found = {field.number: data[field.start : field.end].decode() for field in read(data)}
    assert found == {KEY: key, VALUE: value}


@modest
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_varint_is_read_modulo_two_to_the_64(value: int) -> None:
    data = onnx.AttributeProto(i=value).SerializeToString()
    assert [(f.number, f.varint) for f in read(data)] == [(ATTRIBUTE_INT, value % 2**64)]


def test_a_float_takes_four_bytes() -> None:
    data = onnx.AttributeProto(f=1.5).SerializeToString()
    (field,) = read(data)
    assert field.number == ATTRIBUTE_FLOAT
    assert struct.unpack("<f", data[field.start : field.end]) == (1.5,)


def test_a_fixed64_takes_eight_bytes() -> None:
    data = bytes([7 << 3 | 1]) + struct.pack("<d", 2.5)
    assert read(data) == [Field(7, 1, 9, wire_type=FIXED64)]


def test_a_repeated_field_is_given_each_time_in_order() -> None:
    graph = onnx.GraphProto(node=[onnx.NodeProto(name=name) for name in "abc"])
    data = graph.SerializeToString()
    names = [
        data[inner.start : inner.end].decode()
        for node in read(data)
        if node.number == GRAPH_NODE
        for inner in fields(data, node.start, node.end)
        if inner.number == NODE_NAME
    ]
    assert names == ["a", "b", "c"]


def test_an_empty_message_has_no_fields() -> None:
    assert read(b"") == []


BROKEN = {
    "a key without value": (b"\x08", "ends inside a number"),
    "a number that goes on": (b"\x08\x80", "ends inside a number"),
    "a number of eleven bytes": (b"\x08" + b"\x80" * 10 + b"\x01", "longer than 64 bits"),
    "a text longer than the message": (b"\x0a\x05ab", "field 1 ends at byte 7"),
    "half a float": (b"\x15\x00\x00", "field 2 ends at byte 5"),
    "half a double": (b"\x11\x00\x00", "field 2 ends at byte 9"),
    "a group": (b"\x0b\x0c", "wire type 3"),
    "the end of a group": (b"\x0c", "wire type 4"),
    "wire type 6": (b"\x0e", "wire type 6"),
    "wire type 7": (b"\x0f", "wire type 7"),
}


@pytest.mark.parametrize(("data", "named"), BROKEN.values(), ids=BROKEN)
def test_a_broken_message_is_a_wire_error_that_names_the_place(data: bytes, named: str) -> None:
    with pytest.raises(WireError, match=named):
        read(data)


@settings(deadline=None, max_examples=300, database=None)
@given(st.binary(max_size=200))
def test_random_bytes_give_fields_inside_the_buffer_or_a_wire_error(data: bytes) -> None:
    end = 0
    try:
        for field in fields(data, 0, len(data)):
            assert end < field.start <= field.end <= len(data)
            end = field.end
    except WireError as error:
        assert "byte" in str(error)  # noqa: PT017  (a random message may also be whole)


def test_a_nested_message_ends_where_its_parent_says() -> None:
    entry = onnx.StringStringEntryProto(key="k", value="v").SerializeToString()
    with pytest.raises(WireError, match="its message at 5"):
        list(fields(entry, 0, len(entry) - 1))
