"""A capture process decodes, checks, samples and fits the frames of its source."""

from itertools import islice

import numpy as np
import pytest
from cameras import Wire, forever, http_camera, level_of, scene
from live_sources import EventLog

from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.sources.capture import open_source
from edgecnn.sources.events import SourceEvent
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.region import Region
from edgecnn.sources.sampling import Sampling


def test_corrupt_pictures_are_left_out_events_once_and_counted(events: EventLog) -> None:
    def spoil(wire: Wire) -> None:
        for number, level in enumerate(range(0, 240, 10)):
            wire.send(scene(level), cut=40 if number % 3 == 1 else 0)
            wire.pause(0.02)
        forever(wire)

    with http_camera(spoil) as camera, open_source(camera.url, events.options()) as opened:
        seen = [level_of(captured.frame_bgr) for captured in islice(opened.captured_frames(), 30)]
        assert opened.counts[camera.url].corrupt == 8
    assert events.kinds.count(SourceEvent.CORRUPT) == 1
    assert events.states == [SourceEvent.CONNECTING, SourceEvent.LIVE]
    assert set(seen[:10]).isdisjoint(range(10, 200, 30))


def test_a_size_that_changes_is_events_and_the_frames_have_it(events: EventLog) -> None:
    def grow(wire: Wire) -> None:
        wire.stream([scene(level) for level in range(0, 100, 10)])
        while not wire.closing.is_set():
            wire.stream([scene(level, 96, 128) for level in range(0, 100, 10)])

    with http_camera(grow) as camera, open_source(camera.url, events.options()) as opened:
        shapes = {c.frame_bgr.shape for c in islice(opened.captured_frames(), 20)}
    assert shapes == {(48, 64, 3), (96, 128, 3)}
    assert "64x48 became 128x96" in [event.detail for event in events]


SPEC = ModelSpec(("a", "b"), 28, 28, 1)


@pytest.mark.parametrize("obstructed", [False, True])
def test_a_picture_that_stands_still_is_events(events: EventLog, obstructed: bool) -> None:
    picture = np.zeros((48, 64, 3), np.uint8) if obstructed else scene(50)

    def still(wire: Wire) -> None:
        while not wire.closing.is_set():
            wire.stream([picture])

    with http_camera(still) as camera, open_source(camera.url, events.options()) as opened:
        list(islice(opened.captured_frames(), 20))
    assert events.kinds == [
        SourceEvent.CONNECTING,
        SourceEvent.LIVE,
        SourceEvent.OBSTRUCTED if obstructed else SourceEvent.FROZEN,
    ]


@pytest.mark.parametrize("whole", [True, False])
def test_frames_are_fitted_where_they_are_read(events: EventLog, noise: str, whole: bool) -> None:
    with open_source(noise, events.options(), FrameRequest(SPEC, whole=whole)) as opened:
        captured = next(opened.captured_frames())
    assert captured.fitted is not None
    assert captured.fitted.shape == SPEC.shape
    if whole:
        np.testing.assert_array_equal(captured.fitted, fit_frame(captured.frame_bgr, SPEC))
    else:
        assert captured.frame_bgr is captured.fitted


def test_only_the_region_is_fitted_and_the_whole_frame_stays_whole(
    events: EventLog, noise: str
) -> None:
    region = Region(0.25, 0.5, 0.5, 0.5)
    with open_source(noise, events.options(), FrameRequest(SPEC, region=region)) as opened:
        captured = next(opened.captured_frames())
    assert captured.frame_bgr.shape == (48, 64, 3)
    assert captured.fitted is not None
    np.testing.assert_array_equal(
        captured.fitted, fit_frame(captured.frame_bgr[24:48, 16:48], SPEC)
    )


def test_a_camera_gives_every_nth_frame(events: EventLog) -> None:
    def slowly(wire: Wire) -> None:
        wire.stream([scene(level) for level in range(10, 130, 10)], fps=10)
        wire.pause(60)

    third = FrameRequest(sampling=Sampling(every=3))
    with http_camera(slowly) as camera, open_source(camera.url, events.options(), third) as opened:
        levels = [level_of(captured.frame_bgr) for captured in islice(opened.captured_frames(), 4)]
    assert levels == [10, 40, 70, 100]
