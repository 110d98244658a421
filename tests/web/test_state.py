"""The JSON that the page gets: facts, states and labels as text."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.runner.result import Result
from web.pages import ask, live_page, noise, opened, states


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


def test_a_label_travels_as_text(classifier: Classifier) -> None:
    markup = "<img src=x onerror=alert(1)>"
    with live_page(classifier) as (page, port):
        page(replace(result(classifier, noise(1)), label=markup, source="</script>"))
        with opened(port, "/events") as stream:
            line = stream.readline()
    assert json.loads(line[6:])["sources"][0]["label"] == markup
