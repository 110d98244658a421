"""The live page as a sink: threshold, pause, events, and viewers that cannot slow the run."""

import threading
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from pathlib import Path

import pytest

from edgecnn.errors import DeviceError
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.result import Result
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.sink_queue import Sink
from edgecnn.runner.watch import WatchOptions, watch
from edgecnn.sources.capture import CaptureOptions, Source
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.sampling import Sampling
from edgecnn.web.live_page import LivePage
from web.pages import ask, change, live_page, noise, opened, pictures, states


@pytest.fixture
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


def result(classifier: Classifier, frame: Frame, number: int = 1, source: str = "cam") -> Result:
    """Return what a run would make of a frame."""
    prediction = classifier(frame)
    return Result(number, frame, prediction, prediction.label, source=source, age_ms=3.0)


def test_events_are_told_newest_first(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        events: list[Event] = []
        capture = CaptureOptions(on_event=events.append)
        on_event = page.attach(WatchOptions(capture=capture)).capture.on_event
        on_event(Event("cam", SourceEvent.CONNECTING, "", 0.0))
        on_event(Event("cam", SourceEvent.STALLED, "no frame for 5 s", 1.0))
        with opened(port, "/events") as stream:
            state = next(states(stream))
    assert [event["what"] for event in state["events"]] == ["STALLED", "CONNECTING"]
    assert state["sources"][0]["state"] == "STALLED"
    assert len(events) == 2


def test_the_threshold_changes_the_next_answer(classifier: Classifier, frames: list[Frame]) -> None:
    with live_page(classifier) as (page, port):
        assert change(port, {"threshold": 0.999}).status == 200
        assert classifier.spec.reject_threshold == 0.999
        assert not classifier(frames[0]).known
        assert change(port, {"threshold": 0}).status == 200
        page(result(classifier, frames[0]))
        with opened(port, "/events") as stream:
            assert next(states(stream))["threshold"] == 0
        assert ask(port, "/facts").json()["threshold"] == classifier.model.spec.reject_threshold


BAD = [
    {"threshold": 1}, {"threshold": -0.1}, {"threshold": "0.5"}, {"threshold": True},
    {"threshold": None}, {"threshold": 10**400},
    {"threshold": float("nan")}, {"threshold": float("inf")},
    {"paused": 1}, {"paused": "true"}, {}, [], "paused", None, 5,
    {"paused": True, "source": "exec:id"}, {"source": "exec:id"}, {"source": "http://169.254.0.1/"},
]  # fmt: skip


@pytest.mark.parametrize("wanted", BAD, ids=str)
def test_what_cannot_be_changed_is_refused(classifier: Classifier, wanted: object) -> None:
    with live_page(classifier) as (page, port):
        before = classifier.spec
        answer = change(port, wanted)
        assert answer.status == 400
        assert answer.json()["error"]
        assert classifier.spec == before
        assert not page.attach(WatchOptions()).pause.requested  # type: ignore[union-attr]


def noise_video(folder: Path, frames: int) -> Path:
    """Write pictures of noise as a video."""
    path = folder / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (320, 240))
    for number in range(frames):
        writer.write(noise(number, 240, 320))
    writer.release()
    return path


def test_a_pause_holds_a_file_up_and_loses_none_of_it(
    classifier: Classifier, tmp_path: Path
) -> None:
    path = noise_video(tmp_path, 30)
    with live_page(classifier) as (page, port):
        results = watch(classifier, str(path), options=page.attach(WatchOptions()))
        assert next(results).number == 1
        change(port, {"paused": True})
        rest: list[int] = []
        thread = threading.Thread(target=lambda: rest.extend(each.number for each in results))
        thread.start()
        thread.join(0.3)
        assert rest == []
        change(port, {"paused": False})
        thread.join(20)
    assert rest == list(range(2, 31))


class Viewer(threading.Thread):
    """Reads both streams until they end, as fast as it can."""

    def __init__(self, port: int, rest_s: float) -> None:
        super().__init__(daemon=True)
        self.port, self.rest = port, threading.Event()
        self.rest_s = rest_s
        self.seen: list[int] = []
        self.states: list[dict[str, object]] = []
        self.start()

    def run(self) -> None:
        with opened(self.port, "/events") as events, opened(self.port, "/picture/0", 8192) as shown:
            newest, parts = states(events), pictures(shown)
            try:
                while True:
                    self.seen.append(next(parts)[0])
                    self.states.append(next(newest))
                    self.rest.wait(self.rest_s)
            except (StopIteration, OSError, ValueError, HTTPException):
                return  # the page has gone


def test_twenty_viewers_lose_no_result_of_a_file(classifier: Classifier, tmp_path: Path) -> None:
    path = noise_video(tmp_path, 300)
    with live_page(classifier) as (page, port):
        page(result(classifier, noise(0), 0, str(path)))  # so that viewers find it

        def begin(source: Source) -> Sequence[Sink]:
            page.begin(source)
            return (page,)

        # for viewers to have the time to look
        options = page.attach(WatchOptions(sampling=Sampling(fps=100)))
        with opened(port, "/picture/0", 4096):  # one that never reads
            viewers = [Viewer(port, 0.5 if number < 4 else 0.0) for number in range(19)]
            report = Run(classifier, RunPlan([str(path)], begin, options))().value
        for viewer in viewers:
            viewer.join(20)
    assert report is not None
    assert (report.frames, report.dropped) == (300, 0)
    assert (report.sinks["web"].results, report.sinks["web"].lost) == (300, 0)
    assert report.sinks["web"].failure == ""
    assert all(viewer.seen and viewer.states for viewer in viewers)
    assert all(viewer.seen == sorted(set(viewer.seen)) for viewer in viewers)
    assert min(len(viewer.seen) for viewer in viewers[4:]) > max(
        len(viewer.seen) for viewer in viewers[:4]
    )


def test_a_second_page_on_one_port_is_an_error(classifier: Classifier) -> None:
    with (
        live_page(classifier) as (_, port),
        pytest.raises(DeviceError, match=f"port {port} is in use"),
    ):
        LivePage(classifier, port=port)


def test_a_camera_that_is_capped_to_few_frames_is_not_silent(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        page.attach(WatchOptions(sampling=Sampling(fps=0.01)))
        page(result(classifier, noise(1)))
        with opened(port, "/events") as stream:
            assert next(states(stream))["sources"][0]["silent_s"] is None
        assert page._hub.silent_s > 100
