"""The frame rate of a video, claimed or measured."""

import pytest

from edgecnn.sinks.video.frame_rate import measured_fps


def times(*gaps_s: float) -> list[float]:
    return [sum(gaps_s[:end]) for end in range(len(gaps_s) + 1)]


@pytest.mark.parametrize(("gaps_s", "rate"), [
    pytest.param([0.1] * 15, 10, id="even"),
    pytest.param([0.6, *[0.1] * 14], 10, id="a slow start"),
    pytest.param([1 / 30, 2 / 30] * 8, 20, id="every third frame dropped"),
    pytest.param([*[0.1] * 7, 1e9, *[0.1] * 7], 10, id="a clock that jumps ahead"),
    pytest.param([*[0.1] * 7, -1e9, *[0.1] * 7], 10, id="a clock that jumps back"),
    pytest.param([1e-9] * 15, 240, id="faster than any camera"),
    pytest.param([1.9] * 15, 1, id="very slow"),
    pytest.param([0.0] * 15, 25, id="no time at all"),
    pytest.param([], 25, id="one frame"),
])  # fmt: skip
def test_a_rate_is_measured_in_spite_of_hiccups(gaps_s: list[float], rate: float) -> None:
    assert measured_fps(times(*gaps_s)) == pytest.approx(rate, rel=0.03)
