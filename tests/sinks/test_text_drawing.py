"""Text on a frame: any script, cut where it is too wide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import result

from edgecnn.sinks.overlay import draw_label
from edgecnn.sinks.text_drawing import WHITE, bgr_copy, fit_text, shade, width_of, write


@pytest.mark.parametrize("text", ["Käfer", "猫", "Ωмега", "hộp", "قط"])
def test_letters_of_other_scripts_are_drawn_each_in_its_own_way(text: str) -> None:
    width = width_of(text, 30)
    assert width > 10
    frame = np.zeros((260, 400, 3), np.uint8)
    assert np.any(draw_label(result(frame, label=text)) != draw_label(result(frame, label="?")))


@given(text=st.text(), width=st.integers(0, 300))
def test_text_is_visible_and_fits(text: str, width: int) -> None:
    shown = fit_text(text, 20, width)
    assert shown.isprintable()
    assert width_of(shown, 20) <= width


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)], ids=str)
def test_a_copy_to_draw_on_is_bgr_and_leaves_the_frame_as_it_is(shape: tuple[int, ...]) -> None:
    frame = np.full(shape, 90, np.uint8)
    copy = bgr_copy(frame)
    copy[:] = 0
    assert copy.shape == (4, 6, 3)
    assert (frame == 90).all()


def test_a_shade_is_dark_on_white_and_visible_on_black() -> None:
    canvas = np.zeros((10, 20, 3), np.uint8)
    canvas[:, 10:] = 255
    shade(canvas, -5, 2, 99, 8)
    assert set(np.unique(canvas[2:8, :10])) == {24}
    assert set(np.unique(canvas[2:8, 10:])) == {87}
    assert set(np.unique(canvas[:2])) == {0, 255}


def test_text_is_written_around_its_row_and_says_where_it_ends() -> None:
    canvas = np.zeros((60, 300, 3), np.uint8)
    end = write(canvas, "HIM", 20, 30, 24, WHITE)
    rows, columns = np.nonzero(canvas.any(axis=2))
    assert abs((rows.min() + rows.max()) / 2 - 30) <= 2
    assert columns.min() >= 20
    assert columns.max() <= end == 20 + width_of("HIM", 24)
