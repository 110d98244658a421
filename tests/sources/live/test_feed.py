"""Live sources never hang and never lag: real processes, and cameras that misbehave."""

import os
import signal
import socket
import threading
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from cameras import Wire, forever, http_camera, level_of, scene, then_hang_up, then_silent
from live_sources import CALM, QUICK, EventLog, capture_pid, noise_command, soon, until
from processes import is_there

from edgecnn.errors import SourceError
from edgecnn.sources.capture import open_source, open_sources
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import SourceEvent
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.live.feed import LiveFeed
from edgecnn.sources.sampling import Sampling


def test_a_camera_tells_its_size_and_its_frames_carry_their_time(events: EventLog) -> None:
    with http_camera(forever) as camera, open_source(camera.url, events.options()) as opened:
        before = time.monotonic_ns()
        next(opened.captured_frames())
        captured = next(opened.captured_frames())
        assert (opened.name, opened.facts) == (camera.url, "64x48, motion JPEG")
        assert before < captured.stamp_ns < time.monotonic_ns()
        assert (captured.source, captured.frame_bgr.shape, captured.fitted) == (
            camera.url,
            (48, 64, 3),
            None,
        )
    assert events.kinds == [SourceEvent.CONNECTING, SourceEvent.LIVE]


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted(events: EventLog) -> None:
    sent: list[int] = []

    def count(wire: Wire) -> None:
        for level in range(10, 250, 10):
            sent.append(level)
            wire.stream([scene(level)])
        wire.pause(60)

    with http_camera(count) as camera, open_source(camera.url, events.options()) as opened:
        levels = []
        for captured in opened.captured_frames():
            levels.append(level_of(captured.frame_bgr))
            if levels[-1] == 240:
                break
            while sent[-1] < min(240, levels[-1] + 50):  # slower than five frames
                time.sleep(0.01)
        counts = opened.counts[camera.url]
    assert levels == sorted(set(levels))
    assert len(levels) <= 8
    assert (counts.frames, counts.dropped) == (24, 24 - len(levels))


def test_a_frame_that_a_newer_one_replaces_before_it_is_taken_was_dropped(events: EventLog) -> None:
    asked = threading.Event()

    def three(wire: Wire) -> None:
        wire.stream([scene(10)])
        asked.wait(60)
        wire.stream([scene(20), scene(30)])
        wire.pause(60)

    with http_camera(three) as camera, open_source(camera.url, events.options()) as opened:
        until(opened, lambda captured: level_of(captured.frame_bgr) == 10)
        (feed,) = opened._feeds
        assert isinstance(feed, LiveFeed)
        assert feed.take() is None  # it is asked for the next frame, which then comes by itself
        asked.set()

        def next_waits() -> bool:
            feed.step()
            return feed._waiting

        assert soon(next_waits)  # behind the one that came
        captured = feed.take()
        assert captured is not None
        assert level_of(captured.frame_bgr) == 30
        assert (feed.counts.frames, feed.counts.dropped) == (3, 1)


def test_a_camera_that_stalls_is_noticed_and_connected_again(events: EventLog) -> None:
    with (
        http_camera(then_silent, forever) as camera,
        open_source(camera.url, events.options(patience=QUICK)) as opened,
    ):
        first = capture_pid(opened)
        stamps = []
        for captured in opened.captured_frames():
            stamps.append(captured.stamp_ns / 1e9)
            if level_of(captured.frame_bgr) == 240:
                break
        assert capture_pid(opened) != first
        counts = opened.counts[camera.url]
    assert events.states == [
        SourceEvent.CONNECTING,
        SourceEvent.LIVE,
        SourceEvent.STALLED,
        SourceEvent.RECONNECTING,
        SourceEvent.LIVE,
    ]
    stall = events[events.states.index(SourceEvent.STALLED)]
    assert stall.detail == "no frame for 1 s"
    assert stall.at_s - max(stamp for stamp in stamps if stamp < stall.at_s) >= QUICK.stall_s
    assert (counts.stalls, counts.reconnects) == (1, 1)
    assert not is_there(first)


def test_a_camera_that_hangs_up_is_connected_again_and_its_counts_go_on(events: EventLog) -> None:
    with (
        http_camera(then_hang_up, forever) as camera,
        open_source(camera.url, events.options()) as opened,
    ):
        until(opened, lambda captured: level_of(captured.frame_bgr) == 240)
        counts = opened.counts[camera.url]
    assert events.states == [
        SourceEvent.CONNECTING,
        SourceEvent.LIVE,
        SourceEvent.RECONNECTING,
        SourceEvent.LIVE,
    ]
    assert "hung up" in next(e.detail for e in events if e.what is SourceEvent.RECONNECTING)
    assert counts.reconnects == 1
    assert counts.frames >= 25


def test_a_camera_that_does_not_come_back_is_given_up(events: EventLog) -> None:
    with http_camera(then_hang_up) as camera:
        url = camera.url
        options = events.options(patience=replace(CALM, give_up_s=0.5))
        with open_source(url, options) as opened:
            next(opened.captured_frames())
            camera.acts = (lambda wire: wire.pause(60),)
            with pytest.raises(SourceError, match="stopped giving frames: the camera hung up"):
                list(opened)
    assert events.states[-1] is SourceEvent.FAILED


def test_a_stopped_process_is_replaced(events: EventLog) -> None:
    with (
        http_camera(forever) as camera,
        open_source(camera.url, events.options(patience=QUICK)) as opened,
    ):
        next(opened.captured_frames())
        first = capture_pid(opened)
        os.kill(first, signal.SIGSTOP)
        until(
            opened,
            lambda _: SourceEvent.STALLED in events.kinds and events.kinds[-1] is SourceEvent.LIVE,
        )
        assert capture_pid(opened) != first
        assert not is_there(first)
    assert events.states[2:] == [SourceEvent.STALLED, SourceEvent.RECONNECTING, SourceEvent.LIVE]


def test_a_killed_process_is_replaced(events: EventLog) -> None:
    with http_camera(forever) as camera, open_source(camera.url, events.options()) as opened:
        next(opened.captured_frames())
        os.kill(capture_pid(opened), signal.SIGKILL)
        until(
            opened,
            lambda _: (
                events.kinds[-1] is SourceEvent.LIVE and SourceEvent.RECONNECTING in events.kinds
            ),
        )
    assert events.states[2:] == [SourceEvent.RECONNECTING, SourceEvent.LIVE]
    assert "ended by SIGKILL" in events[2].detail


def test_a_camera_that_is_not_there_yet_is_waited_for(events: EventLog) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = events.options(patience=replace(CALM, wait=True))
    seen: list[CapturedFrame] = []

    def look() -> None:  # in a thread: its capture process must not end with it
        with open_source(f"http://127.0.0.1:{port}/live", options) as opened:
            seen.append(next(opened.captured_frames()))

    looking = threading.Thread(target=look)
    looking.start()
    assert soon(lambda: bool(events))
    with http_camera(forever, port=port):
        looking.join(60)
    assert len(seen) == 1
    assert events.kinds == [SourceEvent.CONNECTING, SourceEvent.LIVE]


@pytest.mark.parametrize("give_up_s", [0.0, 1.2])
def test_a_reader_that_was_away_takes_no_source_for_lost(
    events: EventLog, noise: str, give_up_s: float
) -> None:
    with open_source(noise, events.options(patience=replace(QUICK, give_up_s=give_up_s))) as opened:
        for _ in range(2):
            assert sum(1 for _ in islice(opened.captured_frames(), 3)) == 3
            time.sleep(1.5)
        assert next(opened.captured_frames())
    assert set(events.kinds) == {SourceEvent.CONNECTING, SourceEvent.LIVE}


def test_requests_and_frames_that_cross_each_other_stop_no_source(
    events: EventLog, tmp_path: Path
) -> None:
    """Two threads of each process answer while frames come as fast as they can."""
    options = events.options(patience=replace(CALM, stall_s=5.0))
    sources = [noise_command(tmp_path, 0.0, pixel_format) for pixel_format in ("bgr24", "rgb24")]
    with open_sources(sources, options) as opened:
        seen = []
        for captured in islice(opened.captured_frames(), 8000):
            seen.append(captured.source)
            assert SourceEvent.STALLED not in events.kinds
    assert all(seen[-1000:].count(source) >= 100 for source in {*seen})
    assert len({*seen}) == 2


def test_frames_that_are_left_out_are_no_stall_and_not_dropped(events: EventLog) -> None:
    rare = FrameRequest(
        sampling=Sampling(fps=0.8)
    )  # one in 1.25 s, and a stall would be reported after 1
    with (
        http_camera(forever) as camera,
        open_source(camera.url, events.options(patience=QUICK), rare) as opened,
    ):
        first, second = islice(opened.captured_frames(), 2)
        counts = opened.counts[camera.url]
    assert second.stamp_ns - first.stamp_ns >= 1.2e9
    assert events.states == [SourceEvent.CONNECTING, SourceEvent.LIVE]
    assert counts.frames > 10
    assert counts.dropped == 0
