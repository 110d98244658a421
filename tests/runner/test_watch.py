"""The loop of a run: what it counts, what it hands on, and how it ends."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from edgecnn.errors import FrameError, SourceError
from edgecnn.frame import Frame
from edgecnn.runner.capture import Source
from edgecnn.runner.classify import Classifier
from edgecnn.runner.shot import Shot
from edgecnn.runner.watch import Result, RunReport, classify_source


@pytest.fixture
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


def source(frames: list[Frame]) -> Source:
    return Source("twenty digits", shots(frames), "28x28")


def shots(frames: Iterable[Frame]) -> Iterator[Shot]:
    return (Shot("twenty digits", frame, None, time.monotonic_ns()) for frame in frames)


def test_a_run_ends_with_its_source(classifier: Classifier, frames: list[Frame]) -> None:
    report = classify_source(classifier, source(frames), [])
    assert (report.source, report.frames, report.interrupted) == ("twenty digits", 20, False)


@pytest.mark.parametrize(("limit", "done"), [(1, 1), (7, 7), (20, 20), (99, 20), (0, 20)])
def test_a_run_ends_after_max_frames(
    classifier: Classifier, frames: list[Frame], limit: int, done: int
) -> None:
    assert classify_source(classifier, source(frames), [], max_frames=limit).frames == done


def test_a_run_takes_no_frame_beyond_max_frames(
    classifier: Classifier, frames: list[Frame]
) -> None:
    left = iter(frames)
    classify_source(classifier, Source("left", shots(left), ""), [], max_frames=7)
    assert len(list(left)) == 13


def test_labels_are_counted(classifier: Classifier, frames: list[Frame]) -> None:
    report = classify_source(classifier, source(frames), [])
    assert report.labels == Counter(prediction.label for prediction in classifier(frames))


def test_every_sink_gets_every_result_in_order(classifier: Classifier, frames: list[Frame]) -> None:
    first: list[Result] = []
    second: list[Result] = []
    classify_source(classifier, source(frames), [first.append, second.append])
    assert [result.number for result in first] == list(range(1, 21))
    assert all(a is b for a, b in zip(first, second, strict=True))
    assert all(r.frame_bgr is frame for r, frame in zip(first, frames, strict=True))


def test_a_result_carries_the_prediction_of_its_frame(
    classifier: Classifier, frames: list[Frame]
) -> None:
    results: list[Result] = []
    classify_source(classifier, source(frames), [results.append])
    expected = [prediction.label for prediction in classifier(frames)]
    assert [result.prediction.label for result in results] == expected


def test_ctrl_c_ends_the_run_with_what_was_counted(
    classifier: Classifier, frames: list[Frame]
) -> None:
    def stop_at_five(result: Result) -> None:
        if result.number == 5:
            raise KeyboardInterrupt

    report = classify_source(classifier, source(frames), [stop_at_five])
    assert (report.frames, report.interrupted) == (5, True)
    assert sum(report.labels.values()) == 5
    assert str(report).startswith("stopped, 5 frames")


def test_an_empty_source_gives_a_report_of_nothing(classifier: Classifier) -> None:
    report = classify_source(classifier, source([]), [])
    assert (report.frames, report.labels, report.p50_ms, report.p99_ms) == (0, {}, 0.0, 0.0)


def test_a_source_that_stops_ends_the_run_after_its_last_result(
    classifier: Classifier, frames: list[Frame]
) -> None:
    def stopping() -> Iterator[Frame]:
        yield from frames[:3]
        raise SourceError("source 'x' stopped giving frames", remedy="check cable")

    results: list[Result] = []
    with pytest.raises(SourceError, match="stopped giving frames"):
        classify_source(classifier, Source("x", shots(stopping()), ""), [results.append])
    assert len(results) == 3


def test_a_wrong_frame_ends_the_run(classifier: Classifier, frames: list[Frame]) -> None:
    wrong = [*frames[:2], frames[2].astype("float32")]
    with pytest.raises(FrameError, match="float32"):
        classify_source(classifier, Source("x", shots(wrong), ""), [])


def test_latencies_are_those_of_the_predictions(
    classifier: Classifier, frames: list[Frame]
) -> None:
    results: list[Result] = []
    report = classify_source(classifier, source(frames), [results.append])
    latencies = sorted(result.prediction.latency_ms for result in results)
    assert latencies[0] - 1e-4 <= report.p50_ms <= report.p99_ms <= latencies[-1] + 1e-4


def test_a_report_travels_as_json(classifier: Classifier, frames: list[Frame]) -> None:
    report = classify_source(classifier, source(frames), [])
    assert RunReport.from_json(report.to_json()) == report
