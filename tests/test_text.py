"""Text from untrusted sources is made one line of visible characters."""

import pytest
from hostile_text import HOSTILE, TEXT, assert_harmless
from hypothesis import given

from edgecnn.text import pip_line, printable, printable_lines


@given(text=TEXT)
def test_any_text_becomes_one_visible_line(text: str) -> None:
    assert_harmless(printable(text))


@given(text=TEXT)
def test_lines_of_a_message_stay_lines(text: str) -> None:
    clean = printable(text, limit=len(text))
    message = f"no {text.replace(chr(10), '')}\n  try: it"
    assert printable_lines(message) == f"no {clean}\n  try: it"


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable()])
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_long_text_is_cut() -> None:
    assert printable("x" * 300) == "x" * 200
    assert printable("x" * 300, limit=3) == "xxx"


def test_the_install_command_names_all_extras() -> None:
    assert pip_line("cpu", "web") == 'pip install ".[cpu,web]" in the folder of edgecnn'
