"""Records read their own JSON strictly: what is wrong is named, nothing is filled in."""

import dataclasses
import json
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.errors import SpecError
from edgecnn.records import LATER, MAX_ITEMS, Record, since, version_of


class Colour(str, Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    name: str
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Whole(Record):
    count: int
    share: float
    done: bool
    title: str
    colour: Colour
    part: Part
    parts: tuple[Part, ...]
    table: tuple[tuple[int, ...], ...]
    sizes: dict[str, int]


WHOLE = Whole(
    count=3,
    share=0.5,
    done=True,
    title="Käfer \N{SNOWMAN}",
    colour=Colour.BLUE,
    part=Part("a", (1.0, 2.5)),
    parts=(Part("b", ()), Part("c", (0.1,))),
    table=((1, 2), (3,)),
    sizes={"conv1": 9},
)
FINITE = st.floats(allow_nan=False)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8"))
PARTS = st.builds(Part, name=TEXT, weights=st.lists(FINITE, max_size=3).map(tuple))
WHOLES = st.builds(
    Whole,
    count=INTEGERS,
    share=FINITE,
    done=st.booleans(),
    title=TEXT,
    colour=st.sampled_from(Colour),
    part=PARTS,
    parts=st.lists(PARTS, max_size=3).map(tuple),
    table=st.lists(st.lists(INTEGERS, max_size=3).map(tuple), max_size=3).map(tuple),
    sizes=st.dictionaries(TEXT, INTEGERS, max_size=3),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)  # what a float holds exactly
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def changed(**values: Any) -> str:
    """Return WHOLE's JSON with these fields set, or left out where the value is Ellipsis."""
    fields = {**json.loads(WHOLE.to_json()), **values}
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


@settings(deadline=None, max_examples=100)
@given(WHOLES)
def test_any_record_survives_json(whole: Whole) -> None:
    assert Whole.from_json(whole.to_json()) == whole


@settings(deadline=None, max_examples=30)
@given(WHOLES, st.integers(0, 4))
def test_indented_text_reads_back_the_same(whole: Whole, indent: int) -> None:
    assert Whole.from_json(whole.to_json(indent)) == whole


def test_equal_records_give_equal_text() -> None:
    sizes = {"b": 2, "a": 1}
    first = dataclasses.replace(WHOLE, sizes=sizes)
    second = dataclasses.replace(WHOLE, sizes=dict(reversed(sizes.items())))
    assert first.to_json() == second.to_json()


def test_text_is_written_as_it_is() -> None:
    assert "Käfer \N{SNOWMAN}" in WHOLE.to_json()


def test_a_whole_number_is_a_float_where_one_is_due() -> None:
    share = Whole.from_json(changed(share=1)).share
    assert (share, type(share)) == (1.0, float)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Whole)])
def test_a_missing_field_is_named_and_refused(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        Whole.from_json(changed(**{name: ...}))
    found, expected = caught.value.what.split("expected")
    assert f"'{name}'" in expected
    assert f"'{name}'" not in found


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param(changed(extra=1), "Whole has fields", id="of the record"),
        pytest.param(
            changed(part={"name": "a", "weights": [], "extra": 1}), "Whole.part", id="of a part"
        ),
        pytest.param(
            changed(parts=[{"name": "a", "weights": []}, {"extra": 1}]),
            "Whole.parts[1]",
            id="of the second part",
        ),
    ],
)
def test_an_unknown_field_is_named_and_refused(text: str, where: str) -> None:
    with pytest.raises(SpecError, match="extra") as caught:
        Whole.from_json(text)
    assert where in caught.value.what


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        pytest.param("count", "3", "Whole.count is '3', expected int", id="text for a number"),
        pytest.param("count", 3.0, "Whole.count is 3.0, expected int", id="fraction for a number"),
        pytest.param("count", True, "Whole.count is True, expected int", id="boolean for a number"),
        pytest.param("count", None, "Whole.count is None", id="null for a number"),
        pytest.param("share", "0.5", "Whole.share is '0.5', expected float", id="text for a float"),
        pytest.param("share", False, "Whole.share is False", id="boolean for a float"),
        pytest.param("done", 1, "Whole.done is 1, expected bool", id="number for a boolean"),
        pytest.param("title", 5, "Whole.title is 5, expected str", id="number for text"),
        pytest.param("title", None, "Whole.title is None", id="null for text"),
        pytest.param("part", [], "Whole.part has fields []", id="list for a record"),
        pytest.param("part", "a", "Whole.part has fields a", id="text for a record"),
        pytest.param("parts", {}, "Whole.parts is {}, expected tuple", id="table for a list"),
        pytest.param("parts", "ab", "Whole.parts is 'ab'", id="text for a list"),
        pytest.param("table", [[1], 2], "Whole.table[1] is 2", id="number for an inner list"),
        pytest.param("table", [[1], [2, "x"]], "Whole.table[1][1] is 'x'", id="text in a table"),
        pytest.param("sizes", [1], "Whole.sizes is [1], expected dict", id="list for a table"),
        pytest.param("sizes", {"a": 1, "b": "2"}, "Whole.sizes.b is '2'", id="text in a mapping"),
        pytest.param("colour", "green", "Whole.colour is 'green'", id="unknown choice"),
        pytest.param("colour", 5, "Whole.colour is 5", id="number for a choice"),
    ],
)
def test_a_field_of_another_type_is_named_and_refused(field: str, value: Any, where: str) -> None:
    with pytest.raises(SpecError) as caught:
        Whole.from_json(changed(**{field: value}))
    assert where in caught.value.what
    assert "make the file again" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="truncated"),
        pytest.param("hello", id="text"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param("3", id="a number"),
        pytest.param("{'count': 3}", id="Python"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param('{"count": ' + "9" * 5000 + "}", id="a number too long"),
        pytest.param(changed(share=10**400), id="a number too large"),
    ],
)
def test_what_is_no_record_is_refused_by_the_records_name(text: str) -> None:
    with pytest.raises(SpecError, match="Whole"):
        Whole.from_json(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param(changed(count=2**64), "20 digits has more than 64 bits", id="one more bit"),
        pytest.param(changed(count=10**400), "401 digits has more than 64 bits", id="400 digits"),
        pytest.param('{"count": ' + "9" * 5000 + "}", "5,000 digits", id="more than Python prints"),
        pytest.param(changed(share=-(10**400)), "402 digits", id="400 digits for a fraction"),
        pytest.param(changed(title="\ud800"), "Whole.title holds half a character", id="text"),
        pytest.param(changed(sizes={"\udfff": 1}), "Whole.sizes holds half", id="a name"),
        pytest.param(changed(part={"name": "\ud800", "weights": []}), "part.name", id="a part"),
        pytest.param(changed(table=[[]] * (MAX_ITEMS + 1)), "100,001 items", id="a long list"),
        pytest.param(
            changed(sizes={str(i): 1 for i in range(MAX_ITEMS + 1)}), "100,001", id="a long table"
        ),
    ],
)
def test_what_could_stop_a_program_later_is_refused_in_a_sentence(text: str, what: str) -> None:
    with pytest.raises(SpecError, match="Whole is not readable") as refusal:
        Whole.from_json(text)
    assert what in refusal.value.what


@pytest.mark.parametrize("count", [2**63 - 1, -(2**63)])
def test_whole_numbers_of_64_bits_are_read(count: int) -> None:
    assert Whole.from_json(changed(count=count)).count == count


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(changed(title=["x" * 100_000]), id="a wrong value"),
        pytest.param(changed(colour="x" * 100_000), id="a wrong choice"),
        pytest.param(changed(**{"x" * 100_000: 1}), id="a wrong field"),
        pytest.param(changed(sizes={"x" * 100_000: "a"}), id="a wrong part"),
    ],
)
def test_a_message_about_a_large_value_is_short(text: str) -> None:
    with pytest.raises(SpecError) as refusal:
        Whole.from_json(text)
    assert len(refusal.value.what) < 3000


@settings(deadline=None, max_examples=100)
@given(JSON)
def test_no_json_is_anything_but_refused(value: object) -> None:
    with pytest.raises(SpecError):
        Whole.from_json(json.dumps(value))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([field.name for field in dataclasses.fields(Whole)]), JSON)
def test_any_value_in_a_field_is_read_as_its_type_or_refused(name: str, value: object) -> None:
    text = changed(**{name: value})
    try:
        whole = Whole.from_json(text)
    except SpecError:
        return
    assert type(getattr(whole, name)) is type(getattr(WHOLE, name))
    assert json.loads(whole.to_json()) == json.loads(text)


@dataclass(frozen=True)
class Grown(Record):
    name: str
    size: int = 3
    notes: tuple[str, ...] = field(default=(), metadata=LATER)


def test_a_field_that_came_later_may_be_missing_and_no_other() -> None:
    assert Grown.from_json('{"name": "a", "size": 4}') == Grown("a", 4)
    assert Grown.from_json(Grown("a", 4, ("b",)).to_json()) == Grown("a", 4, ("b",))
    with pytest.raises(SpecError, match="'size'"):
        Grown.from_json('{"name": "a", "notes": []}')
    with pytest.raises(SpecError, match="'other'"):
        Grown.from_json('{"name": "a", "size": 4, "other": 1}')


@dataclass(frozen=True)
class Inner(Record):
    name: str
    angle: float = field(default=0.0, metadata=since(2))


@dataclass(frozen=True)
class Versioned(Record):
    name: str
    inner: tuple[Inner, ...] = ()
    mask: tuple[int, ...] = field(default=(), metadata=since(2))


PLAIN = Versioned("a", (Inner("b"),))
NEW = [replace(PLAIN, mask=(1,)), replace(PLAIN, inner=(Inner("b"), Inner("c", 0.5)))]


def test_a_field_of_version_2_is_not_written_without_a_value() -> None:
    assert PLAIN.to_json() == '{"inner":[{"name":"b"}],"name":"a"}'
    assert version_of(PLAIN) == 1
    assert Versioned.from_json(PLAIN.to_json(), version=1) == PLAIN


@pytest.mark.parametrize("record", NEW, ids=["of the record", "of a part"])
def test_a_field_of_version_2_with_a_value_needs_a_file_of_version_2(record: Versioned) -> None:
    assert version_of(record) == 2
    assert Versioned.from_json(record.to_json(), version=2) == record
    with pytest.raises(SpecError, match="has fields"):
        Versioned.from_json(record.to_json(), version=1)


def test_a_field_of_version_2_is_refused_in_version_1_even_without_a_value() -> None:
    text = '{"inner":[],"name":"a","mask":[]}'
    assert Versioned.from_json(text, version=2) == Versioned("a")
    with pytest.raises(SpecError, match="'mask'"):
        Versioned.from_json(text, version=1)
