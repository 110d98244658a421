"""A live page on loopback, and viewers that talk to it as browsers do: through real sockets."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.runner.result import Result
from edgecnn.web.live_page import LivePage


@dataclass(frozen=True)
class Answer:
    """The response of a server."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.body)


def port_of(page: LivePage) -> int:
    """Return the port that a page chose."""
    port = urlsplit(page.url).port
    assert port is not None
    return port


def ask(
    port: int, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> Answer:
    """Ask once, and take the whole answer. Headers: `content_type` is Content-Type."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        received = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, received, answer.read())
    finally:
        connection.close()


def change(port: int, wanted: object) -> Answer:
    """Change something, as the page itself does."""
    origin = f"http://127.0.0.1:{port}"
    body = json.dumps(wanted).encode()
    return ask(port, "/control", "POST", body, origin=origin, content_type="application/json")


@contextmanager
def opened(port: int, path: str, buffer: int = 0) -> Iterator[http.client.HTTPResponse]:
    """Open a stream; with a small buffer, little of it can be under way."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.sock = socket.socket()
    if buffer:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.sock.settimeout(20)
    connection.sock.connect(("127.0.0.1", port))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        yield answer
    finally:
        connection.close()


def states(stream: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """Yield the states of an event stream."""
    while line := stream.readline():
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def pictures(stream: http.client.HTTPResponse) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the frame, JPEG) of a picture stream."""
    while line := stream.readline():
        head: dict[str, str] = {}
        while line.strip():
            name, _, value = line.decode().partition(":")
            head[name.lower()] = value.strip()
            line = stream.readline()
        if "content-length" in head:
            yield int(head["x-frame"]), stream.read(int(head["content-length"]))


def result(classifier: Classifier, frame: Frame, number: int = 1, source: str = "cam") -> Result:
    """Return what a run would make of a frame."""
    prediction = classifier(frame)
    return Result(number, frame, prediction, prediction.label, source=source, age_ms=3.0)


def noise(number: int, height: int = 48, width: int = 64) -> Frame:
    """Return a picture that JPEG cannot make small."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


@contextmanager
def feeding(
    page: LivePage, results: Callable[[int], Result], fps: float = 50.0
) -> Iterator[threading.Event]:
    """Show results on a page, one after the other; setting the event ends that."""
    over = threading.Event()

    def feed() -> None:
        for number in count(1):
            page(results(number))
            if over.wait(1 / fps):
                return

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield over
    finally:
        over.set()
        thread.join()


@contextmanager
def live_page(classifier: Classifier, host: str = "127.0.0.1") -> Iterator[tuple[LivePage, int]]:
    """Serve a page on a free port; yield it and the port."""
    with LivePage(classifier, host=host, port=0) as page:
        yield page, port_of(page)
