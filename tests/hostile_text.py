"""Text that moves a cursor, breaks a line or reverses text, from a file or the network."""

import unicodedata

from hypothesis import strategies as st

HOSTILE = [
    "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "a\nb", "a\rb", "a\u2028b", "a\x85b", "\u202egnp.exe",
    "\u2066x\u2069", "\u200f", "\x00", "\ud800", "\ufeff", "[/x]", "<b>", "=1+1",
]  # fmt: skip
TEXT = (
    st.text()
    | st.text(st.characters(min_codepoint=0, max_codepoint=0x9F))
    | st.sampled_from(HOSTILE)
)


def assert_harmless(line: str) -> None:
    """Fail unless a text is one line of visible characters."""
    assert line.isprintable(), ascii(line)
    assert {"Cc", "Cf", "Cs", "Zl", "Zp"}.isdisjoint(map(unicodedata.category, line))
