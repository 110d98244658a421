"""The server's limits: silent, slow and too many viewers, and its end."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.runner.result import Result
from edgecnn.web.listening import SEND_BUFFER
from edgecnn.web.server import MAX_CONNECTIONS
from web.pages import ask, feeding, live_page, noise, opened, pictures, states


@pytest.fixture
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


def result(classifier: Classifier, frame: Frame, number: int = 1, source: str = "cam") -> Result:
    """Return what a run would make of a frame."""
    prediction = classifier(frame)
    return Result(number, frame, prediction, prediction.label, source=source, age_ms=3.0)


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
            newest = states(stream)
            next(newest)
            many = [
                socket.create_connection(("127.0.0.1", port)) for _ in range(MAX_CONNECTIONS + 20)
            ]
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
            assert next(newest)["sources"]
        assert ask(port, "/").status == 200


def test_a_viewer_that_takes_nothing_is_cut_off(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecnn.web.listening.USER_TIMEOUT_MS", 500)
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
    monkeypatch.setattr("edgecnn.web.server.FIRST_REQUEST_S", 0.2)
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
            newest = states(stream)
            next(newest)
            page.close()
            assert list(newest)[-1]["ended"] is True
    socket.create_server(("127.0.0.1", port)).close()
