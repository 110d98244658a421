"""Frame rate, latency and age of the last minute."""

import sys
import threading
from itertools import count

import pytest

from edgecnn.web.history import STEP_S, History


def fill(history: History, fps: float, seconds: float) -> float:
    """Count frames at a rate from second 10 on; return the time after that."""
    for number in range(round(fps * seconds)):
        history.add(10 + number / fps, 1.0, 2.0)
    return 10 + seconds


@pytest.mark.parametrize("fps", [1, 12, 30, 900])
def test_the_rate_is_that_of_the_last_seconds(fps: float) -> None:
    history = History()
    assert history.fps(fill(history, fps, 20)) == pytest.approx(fps, rel=0.1)


def test_the_rate_is_right_from_the_first_second_on() -> None:
    history = History()
    assert history.fps(fill(history, 30, 1)) == pytest.approx(30, rel=0.15)


def test_the_rate_falls_to_nothing_when_no_frame_comes() -> None:
    history = History()
    assert history.fps(fill(history, 30, 20) + 10) == 0
    assert History().fps(10) == 0


def test_a_step_holds_the_worst_of_its_frames_and_is_told_when_it_is_whole() -> None:
    history = History()
    for latency_ms, age_ms in ((1.0, 9.0), (4.0, 6.0), (2.0, 3.0)):
        history.add(10.02, latency_ms, age_ms)
    assert history.newest(10.05) is None
    step = history.newest(10.15)
    assert step is not None
    assert (step.frames, step.latency_ms, step.age_ms) == (3, 4.0, 9.0)
    assert history.newest(12.0) is None


def test_a_history_is_a_minute_long_however_fast_frames_come() -> None:
    history = History()
    now_s = fill(history, 100, 120)
    points = history.points(now_s)
    assert len(points) <= 60 / STEP_S
    assert points[0][0] == pytest.approx(60, abs=0.2)
    assert points[-1][0] == pytest.approx(0.1, abs=0.1)
    assert points[-1][1:] == (1.0, 2.0)


def test_a_history_can_be_read_while_frames_are_added() -> None:
    history, over = History(), threading.Event()

    def add() -> None:
        for number in count():
            if over.is_set():
                return
            history.add(number * 0.1, 1.0, 2.0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    adding = threading.Thread(target=add)
    adding.start()
    try:
        for now_s in range(300):
            assert len(history.points(float(now_s))) <= 600
            history.fps(float(now_s))
            history.newest(float(now_s))
    finally:
        sys.setswitchinterval(interval)
        over.set()
        adding.join()
