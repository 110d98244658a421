"""The routes of the live page, over real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.opencv import decode_picture
from edgecnn.runner.result import Result
from web.pages import ask, live_page, noise, opened, pictures


@pytest.fixture
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


def result(classifier: Classifier, frame: Frame, number: int = 1, source: str = "cam") -> Result:
    """Return what a run would make of a frame."""
    prediction = classifier(frame)
    return Result(number, frame, prediction, prediction.label, source=source, age_ms=3.0)


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


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 1000], ids=str)
def test_what_is_no_json_is_refused(classifier: Classifier, body: bytes) -> None:
    with live_page(classifier) as (_, port):
        headers = {"origin": f"http://127.0.0.1:{port}", "content_type": "application/json"}
        assert ask(port, "/control", "POST", body, **headers).status == 400


@pytest.mark.parametrize(("path", "media_type"), [
    ("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"),
    ("/icon.svg", "image/svg+xml"), ("/facts", "application/json"),
])  # fmt: skip
def test_every_file_has_its_media_type(classifier: Classifier, path: str, media_type: str) -> None:
    with live_page(classifier) as (_, port):
        answer = ask(port, path)
    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type


def test_a_thumbnail_is_small_and_absent_without_a_frame(classifier: Classifier) -> None:
    with live_page(classifier) as (page, port):
        assert ask(port, "/thumbnail/0").status == 204
        page(result(classifier, noise(1, 480, 640)))
        thumbnail = decode_picture(ask(port, "/thumbnail/0").body)
    assert thumbnail is not None
    assert thumbnail.shape == (180, 240, 3)
