"""The live page over real sockets: what viewers get, what they change, what they cannot slow."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path

import pytest

from edgecnn.errors import DeviceError
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, decode_picture
from edgecnn.runner.result import Result
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.sink_queue import Sink
from edgecnn.runner.watch import WatchOptions, watch
from edgecnn.sources.capture import CaptureOptions, Source
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.sampling import Sampling
from edgecnn.web.listening import SEND_BUFFER
from edgecnn.web.live_page import LivePage
from edgecnn.web.server import CONNECTIONS
from web.pages import ask, change, feeding, live_page, noise, opened, pictures, states


@pytest.fixture
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


def result(classifier: Classifier, frame: Frame, number: int = 1, source: str = "cam") -> Result:
    """Return what a run would make of a frame."""
    prediction = classifier(frame)
    return Result(number, frame, prediction, prediction.label, source=source, age_ms=3.0)


def test_a_state_tells_the_newest_result(classifier: Classifier, frames: list[Frame]) -> None:
    with live_page(classifier) as (page, port):
        shown = result(classifier, frames[0], 7)
        page(shown)
        with opened(port, "/events") as stream:
            state = next(states(stream))
    (source,) = state["sources"]
    assert shown.prediction is not None
    assert source["label"] == shown.label
    assert source["top"] == [
        [name, pytest.approx(p, abs=1e-4)] for name, p in shown.prediction.top(5)
    ]
    assert (source["name"], source["state"], source["size"]) == ("cam", "LIVE", [28, 28])
    assert (source["silent_s"], state["paused"], state["ended"]) == (None, False, False)


def test_the_facts_name_the_model(classifier: Classifier) -> None:
    with live_page(classifier) as (_, port):
        facts = ask(port, "/facts").json()
    assert facts["model"]["name"] == "small"
    assert facts["model"]["digest"] == classifier.model.digest
    assert facts["threshold"] == classifier.spec.reject_threshold


def test_events_are_told_newest_first(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        heard: list[Event] = []
        capture = CaptureOptions(on_event=heard.append)
        tell = page.attach(WatchOptions(capture=capture)).capture.on_event
        tell(Event("cam", SourceEvent.CONNECTING, "", 0.0))
        tell(Event("cam", SourceEvent.STALLED, "no frame for 5 s", 1.0))
        with opened(port, "/events") as stream:
            state = next(states(stream))
    assert [event["what"] for event in state["events"]] == ["STALLED", "CONNECTING"]
    assert state["sources"][0]["state"] == "STALLED"
    assert len(heard) == 2


def test_the_picture_is_the_newest_frame(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        page(result(classifier, noise(1, 480, 640), 5))
        with opened(port, "/picture/0") as stream:
            number, jpeg = next(pictures(stream))
    assert number == 5
    frame = decode_picture(jpeg)
    assert frame is not None
    assert frame.shape == (480, 640, 3)


@pytest.mark.parametrize(
    "path", ["/picture/1", "/picture/-1", "/picture/x", "/../facts", "/static"]
)
def test_what_is_not_there_is_not_found(classifier: Classifier, path: str) -> None:
    with live_page(classifier) as (page, port):
        page(result(classifier, noise(1)))
        assert ask(port, path).status == 404


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
    {"threshold": None}, {"threshold": float("nan")}, {"threshold": float("inf")},
    {"threshold": 10**400},
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


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 1000], ids=str)
def test_what_is_no_json_is_refused(classifier: Classifier, body: bytes) -> None:
    with live_page(classifier) as (_, port):
        headers = {"origin": f"http://127.0.0.1:{port}", "content_type": "application/json"}
        assert ask(port, "/control", "POST", body, **headers).status == 400


def film(folder: Path, frames: int) -> Path:
    """Write pictures of noise as a video."""
    path = folder / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (320, 240))
    for number in range(frames):
        writer.write(noise(number, 240, 320))
    writer.release()
    return path


def test_a_pause_holds_a_file_up_and_loses_none_of_it(
    classifier: Classifier, tmp_path: Path
) -> None:
    path = film(tmp_path, 30)
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
    """Reads both streams until they end, at its own pace."""

    def __init__(self, port: int, rest_s: float) -> None:
        super().__init__(daemon=True)
        self.port, self.rest = port, threading.Event()
        self.rest_s = rest_s
        self.seen: list[int] = []
        self.states: list[dict[str, object]] = []
        self.start()

    def run(self) -> None:
        with opened(self.port, "/events") as events, opened(self.port, "/picture/0", 8192) as shown:
            told, parts = states(events), pictures(shown)
            try:
                while True:
                    self.seen.append(next(parts)[0])
                    self.states.append(next(told))
                    self.rest.wait(self.rest_s)
            except (StopIteration, OSError, ValueError, HTTPException):
                return  # the page has gone


def test_twenty_viewers_lose_no_result_of_a_file(classifier: Classifier, tmp_path: Path) -> None:
    path = film(tmp_path, 300)
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


def test_little_is_under_way_to_a_viewer_that_does_not_read(classifier: Classifier) -> None:
    prediction = result(classifier, noise(0))
    big = [noise(number, 480, 640) for number in range(10)]

    def made(number: int) -> Result:
        return replace(prediction, number=number, frame_bgr=big[number % 10])

    with live_page(classifier) as (page, port), feeding(page, made):
        page(made(1))
        with opened(port, "/picture/0", 4096) as asleep, opened(port, "/picture/0") as awake:
            parts = pictures(awake)
            shown = [next(parts) for _ in range(25)]
            newest, size = shown[-1][0], len(shown[-1][1])
            sleeper = pictures(asleep)
            old = 0
            while next(sleeper)[0] < newest:
                old += 1
    assert old <= 2 + 3 * SEND_BUFFER // size


def test_a_viewer_too_many_is_cut_off_and_the_others_stay(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        page(result(classifier, noise(1)))
        with opened(port, "/events") as stream:
            told = states(stream)
            next(told)
            many = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS + 20)]
            cut = 0
            for each in many[-10:]:
                each.settimeout(5)
                try:
                    cut += each.recv(1) == b""
                except ConnectionResetError:
                    cut += 1
            assert cut == 10
            for each in many:
                each.close()
            assert next(told)["sources"]
        assert ask(port, "/").status == 200


def test_a_viewer_that_takes_nothing_is_cut_off(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecnn.web.listening.GIVE_UP_MS", 500)
    shown = result(classifier, noise(0))
    big = [noise(number, 480, 640) for number in range(4)]

    def made(number: int) -> Result:
        return replace(shown, number=number, frame_bgr=big[number % 4])

    with live_page(classifier) as (page, port), feeding(page, made):
        page(made(1))
        with opened(port, "/picture/0", 4096):
            assert connections(port) == 1
            end_s = time.monotonic() + 20
            while connections(port):  # the system tells the server, but not who does not read
                assert time.monotonic() < end_s, "it is still connected"
                time.sleep(0.1)


def connections(port: int) -> int:
    """Return how many viewers a port is connected to."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_who_connects_and_says_nothing_is_cut_off(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecnn.web.server.FIRST_WORD_S", 0.2)
    with live_page(classifier) as (_, port):
        with (
            socket.create_connection(("127.0.0.1", port), 20) as silent,
            suppress(ConnectionResetError),
        ):
            assert silent.recv(1) == b""
        assert ask(port, "/").status == 200


def test_the_end_is_told_and_the_port_is_free(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        page(result(classifier, noise(1)))
        with opened(port, "/events") as stream:
            told = states(stream)
            next(told)
            page.close()
            assert list(told)[-1]["ended"] is True
    socket.create_server(("127.0.0.1", port)).close()


def test_a_second_page_on_one_port_is_an_error(classifier: Classifier) -> None:
    with (
        live_page(classifier) as (_, port),
        pytest.raises(DeviceError, match=f"port {port} is in use by pid"),
    ):
        LivePage(classifier, port=port)


def test_a_camera_that_is_capped_to_few_frames_is_not_silent(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        page.attach(WatchOptions(sampling=Sampling(fps=0.01)))
        page(result(classifier, noise(1)))
        with opened(port, "/events") as stream:
            assert next(states(stream))["sources"][0]["silent_s"] is None
        assert page._hub.silent_s > 100


def test_a_label_travels_as_text(classifier: Classifier) -> None:
    odd = "<img src=x onerror=alert(1)>"
    with live_page(classifier) as (page, port):
        page(replace(result(classifier, noise(1)), label=odd, source="</script>"))
        with opened(port, "/events") as stream:
            line = stream.readline()
    assert json.loads(line[6:])["sources"][0]["label"] == odd
