"""File names of sinks: sortable, unique, safe."""

from pathlib import Path

import pytest
from hostile_text import TEXT
from hypothesis import given

from edgecnn.sinks.names import SLUG_LENGTH, number_of, numbered_name, oldest_first, slug, stamp


@given(text=TEXT)
def test_a_slug_is_a_safe_part_of_a_file_name(text: str) -> None:
    made = slug(text)
    assert made.isascii()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(made) <= SLUG_LENGTH + 7


def test_a_plain_text_is_its_own_slug() -> None:
    assert slug("camera-1") == "camera-1"


def test_texts_that_look_alike_have_different_slugs() -> None:
    texts = ("camera", "Camera", "camera/", "cam\u0435ra", "rtsp://a/b", "rtsp://a-b", "\x00", "")
    assert len({slug(text) for text in (*texts, "a" * 41, "a" * 42)}) == len(texts) + 2


def test_a_time_in_a_name_is_utc() -> None:
    assert stamp(1_800_000_000.0) == "20270115T080000Z"


def test_files_are_ordered_by_number_even_if_the_clock_jumped_back() -> None:
    early, late = numbered_name(2e9, 9, ".mp4"), numbered_name(1e9, 10, "-cam-cat.png")
    paths = [Path(late), Path("other.mp4"), Path(early)]
    assert oldest_first(paths) == [Path(early), Path(late)]


@pytest.mark.parametrize("name", ["x.mp4", "20270115T080000Z.mp4", "20270115T080000Z-1.mp4", ""])
def test_a_name_of_another_program_has_no_number(name: str) -> None:
    assert number_of(Path(name)) == 0


def test_a_number_may_grow_beyond_six_digits() -> None:
    assert number_of(Path(numbered_name(0, 12_345_678, ".json"))) == 12_345_678
