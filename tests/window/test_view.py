"""The picture in the window, for any frame, any answer and any text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from results import picture, result

from edgecnn.model.frame import Frame
from edgecnn.runner.result import ResultStatus
from edgecnn.window.view import View, draw_view

BLACK = np.zeros((480, 640, 3), np.uint8)


def drawn(view: View) -> Frame:
    return draw_view(view)


def differ(one: View, other: View) -> tuple[float, float]:
    """Return the centre of what differs between two pictures, in shares of width and height."""
    rows, columns = np.nonzero((draw_view(one) != draw_view(other)).any(axis=2))
    return float(columns.mean()) / 640, float(rows.mean()) / 480


@pytest.mark.parametrize(("shape", "shown"), [
    ((28, 28, 1), (476, 476)), ((28, 28), (476, 476)), ((240, 320, 3), (480, 640)),
    ((480, 640, 3), (480, 640)), ((480, 640, 4), (480, 640)), ((720, 1280, 3), (720, 1280)),
    ((1080, 1920, 3), (720, 1280)), ((3000, 2000, 3), (720, 480)), ((1, 1, 3), (480, 480)),
    ((2, 900, 3), (3, 1280)), ((900, 2, 3), (720, 2)),
], ids=str)  # fmt: skip
def test_the_window_fits_a_screen_and_holds_text(
    shape: tuple[int, ...], shown: tuple[int, int]
) -> None:
    frame = np.zeros(shape, np.uint8)
    assert draw_view(View(result(frame))).shape == (*shown, 3)
    assert not frame.any()


def test_a_frame_is_shown_as_it_is_between_what_is_written() -> None:
    frame = picture(1, 480, 640)
    np.testing.assert_array_equal(draw_view(View(result(frame)))[200:400], frame[200:400])


def test_what_is_known_of_a_frame_is_written_in_its_place() -> None:
    plain = View(result(BLACK))
    column, row = differ(plain, View(result(BLACK, label="another")))
    assert column < 0.5
    assert row < 0.2
    _, row = differ(plain, View(result(BLACK, source="elsewhere")))
    assert row > 0.8
    _, row = differ(plain, View(result(BLACK), fps=29.9))
    assert row > 0.8


@pytest.mark.parametrize(("mark", "column", "row"), [
    pytest.param({"paused": True}, 0.9, 0.05, id="paused"),
    pytest.param({"recording": True}, 0.9, 0.05, id="recording"),
    pytest.param({"note": "saved"}, 0.5, 0.87, id="what a key did"),
    pytest.param({"silent_s": 7.0}, 0.5, 0.87, id="no frame for 7 s"),
    pytest.param({"choices": [("0", "cat")]}, 0.88, 0.15, id="choices"),
])  # fmt: skip
def test_the_state_of_the_window_is_written_in_its_place(
    mark: dict[str, object], column: float, row: float
) -> None:
    at = differ(View(result(BLACK)), View(result(BLACK), **mark))  # type: ignore[arg-type]
    assert np.abs(np.subtract(at, (column, row))).max() < 0.1


def colours(view: View) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return the colours of the answer, most of all first: (n, 3)."""
    strip = draw_view(view)[:40, :200].reshape(-1, 3)
    found, counts = np.unique(strip, axis=0, return_counts=True)
    return found[counts.argsort()[::-1]][1:2][0]  # type: ignore[no-any-return]


def test_an_answer_that_cannot_be_trusted_has_another_colour() -> None:
    sure = colours(View(result(BLACK)))
    for other in (
        result(BLACK, known=False),
        result(BLACK, status=ResultStatus.FROZEN),
        result(BLACK, known=False, status=ResultStatus.NON_FINITE),
    ):
        assert np.abs(colours(View(other)).astype(int) - sure).max() > 50


def test_before_the_first_frame_the_window_says_that_it_waits() -> None:
    assert draw_view(View()).shape == (480, 640, 3)
    assert np.any(draw_view(View()) != draw_view(View(silent_s=9)))


@settings(max_examples=40, deadline=None)
@given(
    text=st.text(),
    height=st.integers(1, 200),
    width=st.integers(1, 200),
    status=st.sampled_from(list(ResultStatus)),
)
def test_no_text_and_no_size_breaks_it(
    text: str, height: int, width: int, status: ResultStatus
) -> None:
    labels = ("cat", "dog", text, "bee")
    shown = result(
        np.zeros((height, width, 3), np.uint8),
        label=text, source=text, labels=labels, status=status,
    )  # fmt: skip
    choices = [(str(key), label) for key, label in enumerate(labels)]
    draw_view(View(shown, 9.9, 3, True, True, text, choices, True))
