"""The states of a live source, fed with clocks of its own."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecnn.sources.events import SourceEvent
from edgecnn.sources.live.connection import (
    LONGEST_S,
    SHORTEST_S,
    Link,
    Patience,
    backoff,
    begin,
    due,
    on_frame,
    on_loss,
    on_request,
    on_time,
)

PATIENCE = Patience(stall_s=5, open_s=10)
WAITING = replace(PATIENCE, wait=True)


def live(at_s: float = 100.0) -> Link:
    return on_frame(begin(at_s - 1), at_s)


def later(link: Link, at_s: float, patience: Patience = PATIENCE, jitter: float = 0.0) -> Link:
    return on_time(link, at_s, patience, jitter)


def test_a_source_is_live_with_its_first_frame() -> None:
    link = begin(0)
    assert (link.state, link.idle, link.seen) == (SourceEvent.CONNECTING, False, False)
    assert (live().state, live().idle, live().seen) == (SourceEvent.LIVE, False, True)


@pytest.mark.parametrize(
    ("silence", "state"), [(4.9, SourceEvent.LIVE), (5.0, SourceEvent.STALLED)]
)
def test_a_source_stalls_after_its_time_without_a_frame(silence: float, state: SourceEvent) -> None:
    assert later(live(100), 100 + silence).state is state


def test_a_live_source_is_due_when_a_stall_would_be_noticed() -> None:
    assert due(live(100), PATIENCE) == 105


def test_a_stalled_source_keeps_its_process_for_a_second_and_may_come_back() -> None:
    stalled = later(live(100), 105)
    assert (stalled.idle, stalled.attempt, stalled.retry_s) == (False, 1, 106)
    assert on_frame(stalled, 105.5) == live(105.5)


def test_a_stalled_source_is_connected_again() -> None:
    again = later(later(live(100), 105), 106)
    assert (again.state, again.attempt, again.idle) == (SourceEvent.RECONNECTING, 2, False)
    assert on_frame(again, 107).state is SourceEvent.LIVE


def test_a_source_that_hangs_up_waits_without_a_process_then_tries_again() -> None:
    lost = on_loss(live(100), 100, PATIENCE, 0)
    assert (lost.state, lost.idle, due(lost, PATIENCE)) == (SourceEvent.RECONNECTING, True, 101)
    again = later(lost, 101)
    assert (again.state, again.attempt, again.idle) == (SourceEvent.RECONNECTING, 2, False)


def test_an_attempt_without_a_frame_is_ended_and_followed_by_another() -> None:
    again = later(later(live(100), 105), 106)
    assert later(again, 115.9) == again
    ended = later(again, 116)
    assert (ended.state, ended.idle) == (SourceEvent.RECONNECTING, True)
    assert ended.retry_s == 116 + 16 / 5


def test_a_source_that_does_not_open_has_failed() -> None:
    assert on_loss(begin(0), 1, PATIENCE, 0).state is SourceEvent.FAILED
    assert later(begin(0), 10).state is SourceEvent.FAILED


def test_a_source_that_is_waited_for_is_tried_again_and_again() -> None:
    link = begin(0)
    for _ in range(50):
        link = on_loss(link, link.active_s + 1, WAITING, 0)
        assert (link.state, link.idle) == (SourceEvent.CONNECTING, True)
        link = later(link, link.retry_s, WAITING)
    assert (link.state, link.attempt) == (SourceEvent.CONNECTING, 51)


def test_a_source_is_given_up_when_its_time_is_over() -> None:
    patience = replace(PATIENCE, give_up_s=60)
    lost = on_loss(live(100), 100, patience, 0)
    assert later(lost, 159.9, patience).state is SourceEvent.RECONNECTING
    assert later(lost, 160, patience).state is SourceEvent.FAILED
    assert due(replace(lost, retry_s=300), patience) == 160


def test_a_failed_source_stays_so() -> None:
    failed = on_loss(begin(0), 1, PATIENCE, 0)
    assert failed.idle
    assert later(failed, 1e9) == failed
    assert due(failed, PATIENCE) == math.inf


def test_a_requested_frame_may_take_as_long_as_any_other() -> None:
    requested = on_request(live(100), 200)
    assert later(requested, 204.9).state is SourceEvent.LIVE
    assert later(requested, 205).state is SourceEvent.STALLED


@pytest.mark.parametrize(
    ("outage", "wait"), [(0, 1), (5, 1), (10, 2), (50, 10), (150, 30), (9999, 30)]
)
def test_the_wait_grows_with_the_outage(outage: float, wait: float) -> None:
    assert backoff(outage, jitter=0) == wait


@given(st.floats(0, 1e6), st.floats(0, 1))
def test_the_wait_is_within_its_bounds_and_differs_between_cameras(
    outage: float, jitter: float
) -> None:
    assert SHORTEST_S <= backoff(outage, 0) <= backoff(outage, jitter) <= LONGEST_S


happenings = st.lists(
    st.tuples(st.sampled_from(["frame", "loss", "time", "request"]), st.floats(0, 20))
)


@given(happenings, st.booleans())
def test_whatever_happens_a_source_that_was_seen_is_live_or_tried_again(
    what: list[tuple[str, float]], wait: bool
) -> None:
    patience, now, link = replace(PATIENCE, wait=wait), 0.0, begin(0.0)
    for name, seconds in what:
        now += seconds
        before = link
        if name == "frame" and not link.idle:
            link = on_frame(link, now)
        elif name == "loss" and not link.idle:
            link = on_loss(link, now, patience, 0.5)
        elif name == "request":
            link = on_request(link, now)
        else:
            link = on_time(link, now, patience, 0.5)
        assert link.attempt - before.attempt in (0, 1)
        if link.state is SourceEvent.FAILED:
            assert not link.seen
            assert not wait
        else:
            assert due(link, patience) <= now + LONGEST_S
