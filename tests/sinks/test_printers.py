"""No label and no source, however hostile its name, moves a cursor, breaks a line or turns text."""

import io
import json
import unicodedata
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import result

from edgecnn.cli.options import show_text
from edgecnn.errors import SpecError
from edgecnn.model.spec import ModelSpec
from edgecnn.runner.result import Result
from edgecnn.sinks.lines import result_json, result_line
from edgecnn.sinks.overlay import label_text
from edgecnn.sinks.text_drawing import fit_text
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.text import printable

HOSTILE = [
    "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "a\nb", "a\rb", "a\u2028b", "a\x85b", "\u202egnp.exe",
    "\u2066x\u2069", "\u200f", "\x00", "\ud800", "\ufeff", "[/x]", "<b>", "=1+1",
]  # fmt: skip
TEXT = (
    st.text()
    | st.text(st.characters(min_codepoint=0, max_codepoint=0x9F))
    | st.sampled_from(HOSTILE)
)


def hostile(text: str, *, known: bool) -> Result:
    return result(label=text, source=text, labels=("cat", "dog", text, "bee"), known=known)


def check(line: str) -> None:
    assert line.isprintable(), ascii(line)
    assert {"Cc", "Cf", "Cs", "Zl", "Zp"}.isdisjoint(map(unicodedata.category, line))


@given(text=TEXT, known=st.booleans(), tagged=st.booleans())
def test_a_line_for_people(text: str, known: bool, tagged: bool) -> None:
    check(result_line(hostile(text, known=known), tagged=tagged))


@given(text=TEXT, known=st.booleans())
def test_a_line_for_programs(text: str, known: bool) -> None:
    line = result_json(hostile(text, known=known))
    check(line)
    found = json.loads(line)
    assert found["source"] == printable(text, limit=1000)
    assert found["top"][0][0] == printable(text, limit=1000)


@given(text=TEXT, what=st.sampled_from(list(SourceEvent)))
def test_a_line_of_an_event(text: str, what: SourceEvent) -> None:
    check(str(Event(text, what, text, 0.0)))


@given(text=TEXT, known=st.booleans())
def test_what_is_drawn_on_a_picture(text: str, known: bool) -> None:
    check(fit_text(label_text(hostile(text, known=known)), 20, 500))


@given(text=TEXT)
def test_a_message_of_ours_has_its_own_line_breaks_alone(text: str) -> None:
    clean = printable(text, limit=len(text))
    assert shown(f"no {text.replace(chr(10), '')}\n  try: it") == f"no {clean}\n  try: it\n"


def shown(text: str) -> str:
    """Return what the command prints for a text."""
    out = io.StringIO()
    with redirect_stdout(out):
        show_text(text)
    return out.getvalue()


@pytest.mark.parametrize("text", [text for text in HOSTILE if not text.isprintable()], ids=ascii)
def test_a_model_whose_label_cannot_be_seen_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="control characters"):
        ModelSpec(("cat", text), 28, 28, 1)
