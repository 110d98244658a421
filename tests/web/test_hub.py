"""What viewers may know of a run: rates, silence, the order of sources."""

import sys
import threading
from itertools import count

import numpy as np
import pytest

from edgecnn.runner.result import Result
from edgecnn.sources.events import Counts, Event, SourceEvent
from edgecnn.web.history import STEP_S, History
from edgecnn.web.hub import EVENTS, Hub


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(clock: Clock) -> Hub:
    return Hub(clock)


def result(source: str = "cam", number: int = 1) -> Result:
    return Result(number, np.zeros((8, 8, 3), np.uint8), None, source=source, age_ms=5.0)


def event(what: SourceEvent, source: str = "cam") -> Event:
    return Event(source, what, "", 1000.0)


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


def test_a_source_is_silent_once_it_shows_nothing_for_a_while(hub: Hub, clock: Clock) -> None:
    hub.add(result())
    (channel,) = hub.channels()
    assert hub.silence_s(channel) is None
    clock.now_s += 7
    assert hub.silence_s(channel) == 7
    hub.add(result(number=2))
    assert hub.silence_s(channel) is None


@pytest.mark.parametrize(
    "what",
    [SourceEvent.STALLED, SourceEvent.RECONNECTING, SourceEvent.FAILED, SourceEvent.CONNECTING],
)
def test_a_source_that_is_not_live_is_silent_at_once(hub: Hub, what: SourceEvent) -> None:
    hub.add(result())
    hub.add_event(event(what))
    (channel,) = hub.channels()
    assert (channel.state, hub.silence_s(channel)) == (what, 0)


def test_a_pause_is_no_silence_but_a_lost_camera_is(hub: Hub, clock: Clock) -> None:
    hub.add(result())
    (channel,) = hub.channels()
    hub.pause.requested = True
    clock.now_s += 60
    assert hub.silence_s(channel) is None
    hub.add_event(event(SourceEvent.STALLED))
    assert hub.silence_s(channel) == 60


def test_a_source_without_a_frame_is_silent_and_connecting(hub: Hub, clock: Clock) -> None:
    hub.add_event(event(SourceEvent.CONNECTING))
    clock.now_s += 3
    (channel,) = hub.channels()
    assert (channel.state, hub.silence_s(channel)) == (SourceEvent.CONNECTING, 3)


def test_sources_are_in_the_runs_order_and_keep_their_number(hub: Hub) -> None:
    hub.add_event(event(SourceEvent.CONNECTING, "b"))
    assert [(each.name, each.number) for each in hub.channels()] == [("b", 0)]
    hub.set_counts(lambda: {"a": Counts(frames=3), "b": Counts()})
    assert [(each.name, each.number) for each in hub.channels()] == [("a", 1), ("b", 0)]
    assert hub.channels()[0].counts == Counts(frames=3)


def test_a_sink_in_trouble_is_an_event_and_no_source(hub: Hub) -> None:
    hub.add_event(event(SourceEvent.UNDELIVERED, "video"))
    assert hub.channels() == []
    assert [each.source for each in hub.events()] == ["video"]


def test_what_is_odd_about_pictures_is_no_state(hub: Hub) -> None:
    hub.add(result())
    for what in (
        SourceEvent.OBSTRUCTED,
        SourceEvent.SEEING,
        SourceEvent.RESIZED,
        SourceEvent.CORRUPT,
    ):
        hub.add_event(event(what))
    assert hub.channels()[0].state is SourceEvent.LIVE


def test_only_the_last_events_are_kept(hub: Hub) -> None:
    for _ in range(5 * EVENTS):
        hub.add_event(event(SourceEvent.STALLED))
    assert len(hub.events()) == EVENTS


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
