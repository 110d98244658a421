"""What is drawn on frames, for any frame and any text."""

import numpy as np
import pytest
from hostile_text import TEXT, assert_harmless
from hypothesis import given
from hypothesis import strategies as st
from results import result

from edgecnn.runner.result import ResultStatus
from edgecnn.sinks.overlay import draw_label, label_text
from edgecnn.sinks.text_drawing import fit_text
from edgecnn.sources.region import Region

OTHERS = {
    "larger": (96, 128, 3),
    "smaller": (24, 32, 3),
    "odd": (47, 63, 3),
    "gray": (48, 64),
    "gray with an axis": (48, 64, 1),
    "BGRA": (48, 64, 4),
}


@pytest.mark.parametrize("shape", [(48, 64, 3), *OTHERS.values()], ids=["BGR", *OTHERS])
def test_the_label_is_drawn_on_a_bgr_copy(shape: tuple[int, ...]) -> None:
    frame = np.full(shape, 200, np.uint8)
    drawn = draw_label(result(frame))
    assert drawn.shape == (*shape[:2], 3)
    assert np.all(frame == 200)
    assert np.any(drawn[:10] != 200)
    assert np.all(drawn[-5:] == 200)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 500, 3), (2000, 20, 3)], ids=str)
def test_a_label_can_be_drawn_on_frames_of_odd_shapes(shape: tuple[int, ...]) -> None:
    assert draw_label(result(np.zeros(shape, np.uint8))).shape == shape


def test_a_label_can_be_drawn_on_a_frame_that_must_not_change() -> None:
    frame = np.full((48, 64, 3), 200, np.uint8)
    frame.setflags(write=False)
    assert np.any(draw_label(result(frame)) != 200)


def test_the_label_is_a_line_that_says_how_sure_it_is() -> None:
    assert label_text(result()) == "Käfer  65%"
    assert label_text(result(known=False)) == "unknown  (Käfer? 65%)"
    assert (
        label_text(result(known=False, status=ResultStatus.OBSTRUCTED)) == "unknown  (obstructed)"
    )
    assert (
        label_text(result(known=False, status=ResultStatus.NON_FINITE)) == "unknown  (non finite)"
    )


def test_the_region_of_interest_is_drawn_on_its_border() -> None:
    drawn = draw_label(
        result(np.zeros((100, 200, 3), np.uint8), region=Region(0.5, 0.5, 0.25, 0.3))
    )
    assert drawn[50, 120].any()
    assert drawn[65, 100].any()
    assert not drawn[65, 120].any()
    assert not drawn[90, 120].any()


@given(text=TEXT, known=st.booleans())
def test_no_label_draws_control_characters(text: str, known: bool) -> None:
    shown = result(label=text, labels=("cat", "dog", text, "bee"), known=known)
    assert_harmless(fit_text(label_text(shown), 20, 500))
