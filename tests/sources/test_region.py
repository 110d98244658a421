"""A region of interest is relative, and never empty."""

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.sources.region import WHOLE, Region, parse_region

FRAME = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)


def test_a_region_is_a_part_of_the_frame() -> None:
    part = Region(0.25, 0.5, 0.5, 0.25).crop(FRAME)
    np.testing.assert_array_equal(part, FRAME[24:36, 16:48])


def test_a_region_holds_when_the_size_changes() -> None:
    region = Region(0.5, 0.0, 0.5, 1.0)
    shapes = [region.crop(np.zeros((h, w, 3), np.uint8)).shape for h, w in ((48, 64), (480, 640))]
    assert shapes == [(48, 32, 3), (480, 320, 3)]


def test_the_whole_frame_is_not_copied() -> None:
    assert WHOLE.crop(FRAME) is FRAME


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (7, 1000), (480, 640)], ids=str)
@pytest.mark.parametrize("left", [0.0, 0.3333, 0.999])
def test_a_region_has_at_least_a_pixel_and_lies_within(size: tuple[int, int], left: float) -> None:
    height, width = size
    x0, y0, x1, y1 = Region(left, left, 0.001, 0.001).pixels(height, width)
    assert 0 <= x0 < x1 <= width
    assert 0 <= y0 < y1 <= height


def test_neighbouring_regions_meet() -> None:
    left = Region(0.0, 0.0, 0.3, 1.0).pixels(10, 101)
    right = Region(0.3, 0.0, 0.7, 1.0).pixels(10, 101)
    assert left[2] == right[0] == 30
    assert right[2] == 101


@pytest.mark.parametrize(("text", "region"), [
    ("", WHOLE),
    ("0,0,1,1", WHOLE),
    ("0.25, 0.1,0.5,0.8", Region(0.25, 0.1, 0.5, 0.8)),
    ("0.7,0.7,0.3,0.3", Region(0.7, 0.7, 0.3, 0.3)),
])  # fmt: skip
def test_a_region_is_read_from_text(text: str, region: Region) -> None:
    assert parse_region(text) == region


@pytest.mark.parametrize("text", [
    "a,b,c,d", "0,0,1", "0,0,1,1,1", "-0.1,0,1,1", "0.5,0,0.6,1", "0,0,0,1", "0,0,1,nan",
    "0,0,inf,1",
])  # fmt: skip
def test_what_is_no_region_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OptionError, match=r"is not within the frame|--roi is") as refusal:
        parse_region(text)
    assert "left,top,width,height" in refusal.value.remedy
