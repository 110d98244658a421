"""The state of a run that viewers see: silence, the order of sources, events."""

import numpy as np
import pytest

from edgecnn.runner.result import Result
from edgecnn.sources.events import Counts, Event, SourceEvent
from edgecnn.web.hub import EVENTS, Hub


class Clock:
    """A clock that is set by hand."""

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
