"""Labels are read one a line; what is no label is named with its line."""

from pathlib import Path

import pytest

from edgecnn.errors import NotFound, OptionError
from edgecnn.exporter.adopt.labels_file import MAX_KIB, read_labels


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.txt"


def test_labels_are_read_one_a_line(path: Path) -> None:
    path.write_bytes("\ufeffcat\r\n big dog \r\n\n".encode())
    assert read_labels(path) == ("cat", "big dog")
    path.write_text("[cat]\nUnknown\n")
    assert read_labels(path) == ("[cat]", "Unknown")


REFUSED = {
    "a JSON list": ('["cat",\n "dog"]', "line 1 is JSON", "one label a line"),
    "a JSON object": ('\n{"0": "cat"}', "line 1 is JSON", "one label a line"),
    "an empty line": ("cat\n\ndog\n", "line 2 is empty", "one label a line"),
    "a label twice": ("cat\ndog\ncat", "line 3 is 'cat', which is in line 1", "of its own"),
    "a table": ("0\tcat\n1\tdog", r"line 1 is '0\\tcat', with a control", "one label a line"),
    "the word for no label": ("cat\nunknown", "line 2 is 'unknown'", "call the class otherwise"),
}


@pytest.mark.parametrize(("text", "words", "remedy"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_label_of_its_own_is_named_with_its_line(
    text: str, words: str, remedy: str, path: Path
) -> None:
    path.write_text(text)
    with pytest.raises(OptionError, match=words) as refusal:
        read_labels(path)
    assert remedy in refusal.value.remedy
    assert str(path) in refusal.value.what


def test_what_is_no_text_is_refused(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(OptionError, match="cannot be read"):
        read_labels(path)
    path.write_text("x" * (MAX_KIB * 1024 + 1))
    with pytest.raises(OptionError, match="larger than 1024 KiB"):
        read_labels(path)
    with pytest.raises(NotFound, match="no file of labels"):
        read_labels(path / "gone")
