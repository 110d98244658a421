"""From sources to results: what a result carries, and what it never claims."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from cameras import Wire, http_camera
from craft import both, poison, with_entry, with_new_digest

import edgecnn
from edgecnn.errors import FrameError, NotFound, OptionError
from edgecnn.inference.classifier import Classifier
from edgecnn.model import digest
from edgecnn.model.frame import Frame
from edgecnn.model.golden import Golden
from edgecnn.opencv import encode_png
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.runner.smoothing import UNKNOWN, Smoothing
from edgecnn.runner.watch import Watcher, WatchOptions, watch
from edgecnn.sources.capture import CaptureOptions, Source
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.live.connection import Patience
from edgecnn.sources.region import Region


@pytest.fixture
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


@pytest.fixture
def folder(frames: list[Frame], tmp_path: Path) -> Path:
    """Twenty digits as pictures."""
    for i, frame in enumerate(frames):
        (tmp_path / f"{i:02}.png").write_bytes(encode_png(frame))
    return tmp_path


def labels(results: list[Result]) -> list[str]:
    return [result.prediction.label if result.prediction else "" for result in results]


def through(classifier: Classifier, frames: list[Frame], options: WatchOptions) -> list[Result]:
    """Return the results of frames that are in memory already."""
    captured = (CapturedFrame("memory", frame, None, time.monotonic_ns()) for frame in frames)
    return list(Watcher(classifier, options).results(Source("memory", captured, "")))


def test_watching_a_folder_gives_a_result_for_every_picture_in_order(
    int8: Path, folder: Path, classifier: Classifier, frames: list[Frame]
) -> None:
    results = list(watch(int8, str(folder)))
    assert [result.number for result in results] == list(range(1, 21))
    assert labels(results) == [prediction.label for prediction in classifier(frames)]
    assert {result.source for result in results} == {str(folder)}
    assert [result.picture for result in results] == [
        str(folder / f"{i:02}.png") for i in range(20)
    ]


def test_watch_is_a_public_name(int8: Path, folder: Path) -> None:
    first = next(edgecnn.watch(int8, str(folder)))
    assert isinstance(first, edgecnn.Result)


def test_a_classifier_that_was_given_stays_open(classifier: Classifier, folder: Path) -> None:
    assert len(list(watch(classifier, str(folder)))) == 20
    assert len(list(watch(classifier, str(folder)))) == 20


@pytest.mark.parametrize(("limit", "done"), [(1, 1), (7, 7), (20, 20), (99, 20), (0, 20)])
def test_max_frames_ends_it(classifier: Classifier, folder: Path, limit: int, done: int) -> None:
    options = WatchOptions(max_frames=limit)
    assert sum(1 for _ in watch(classifier, str(folder), options=options)) == done


def test_several_sources_are_watched_at_once(int8: Path, folder: Path) -> None:
    results = list(islice(watch(int8, str(folder), "pattern"), 30))
    assert {result.source for result in results} == {str(folder), "pattern"}


def test_what_is_given_up_is_released(int8: Path) -> None:
    before = len(list(Path("/proc/self/task").iterdir()))
    results = watch(int8, "pattern")
    next(results)
    results.close()
    assert len(list(Path("/proc/self/task").iterdir())) <= before + 1  # ONNX Runtime may keep one


@pytest.mark.parametrize(("sources", "error"), [
    ((), OptionError), (("pattern", "pattern"), OptionError), (("gone.mp4",), NotFound),
])  # fmt: skip
def test_what_cannot_be_watched_is_an_error(
    int8: Path, sources: tuple[str, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        next(watch(int8, *sources))


def test_a_result_tells_when_its_frame_had_been_read(int8: Path, folder: Path) -> None:
    before = time.time()
    result = next(watch(int8, str(folder)))
    assert before <= result.time_s <= time.time()
    assert 0 < result.age_ms < 1e3 * (time.time() - before)


def test_only_the_region_is_classified_and_the_frame_is_whole(
    classifier: Classifier, frames: list[Frame], tmp_path: Path
) -> None:
    large = np.zeros((112, 112, 1), np.uint8)
    large[56:84, 28:56] = frames[3]
    (tmp_path / "large.png").write_bytes(encode_png(large))
    region = Region(0.25, 0.5, 0.25, 0.25)
    (result,) = watch(classifier, str(tmp_path), options=WatchOptions(region))
    assert result.prediction is not None
    np.testing.assert_array_equal(
        result.prediction.probabilities, classifier(frames[3]).probabilities
    )
    assert (result.frame_bgr.shape, result.region) == ((112, 112, 3), region)


def test_the_answer_is_smoothed_and_the_prediction_is_not(
    classifier: Classifier, frames: list[Frame]
) -> None:
    sure = [frame for frame in frames if classifier(frame).known]
    one = sure[0]
    other = next(f for f in sure if classifier(f).label != classifier(one).label)
    one_label, other_label = classifier(one).label, classifier(other).label
    options = WatchOptions(smoothing=Smoothing(2, 3))
    results = through(classifier, [one, one, other, one, other, other], options)
    assert labels(results)[2] == other_label
    assert [result.label for result in results] == [
        UNKNOWN, one_label, one_label, one_label, other_label, other_label,
    ]  # fmt: skip
    assert [result.changed for result in results] == [False, True, False, False, True, False]


def test_each_source_has_its_own_answer(classifier: Classifier, frames: list[Frame]) -> None:
    captured = (CapturedFrame(f"camera {i % 2}", frames[i % 2], None, 0) for i in range(8))
    options = WatchOptions(smoothing=Smoothing(3, 4))
    results = list(Watcher(classifier, options).results(Source("two", captured, "")))
    answers = [result.label for result in results[-2:]]
    wanted = [p.label if p.known else UNKNOWN for p in classifier(frames[:2])]
    assert answers == wanted


def test_the_threshold_can_be_moved_while_frames_come(
    classifier: Classifier, frames: list[Frame]
) -> None:
    classifier.require(0.0)
    captured = (CapturedFrame("memory", frame, None, 0) for frame in frames)
    results = Watcher(classifier, WatchOptions()).results(Source("memory", captured, ""))
    assert next(results).label != UNKNOWN
    classifier.require(0.9999999)
    assert {result.label for result in results} == {UNKNOWN}


def test_an_answer_that_is_no_number_is_an_error_result_and_never_the_first_class(
    fp32: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    no_golden = with_entry(digest.GOLDEN_KEY, Golden().to_json())
    path = with_new_digest(fp32, tmp_path_factory.mktemp("nan"), both(poison, no_golden))
    results = list(watch(path, str(folder)))
    assert len(results) == 20
    assert {(r.prediction, r.label, r.status) for r in results} == {
        (None, UNKNOWN, ResultStatus.NON_FINITE)
    }
    assert results[0].probability == 0.0


def still(picture: Frame) -> Callable[[Wire], None]:
    """Return a camera that shows one picture for ever."""

    def send(wire: Wire) -> None:
        while not wire.closing.is_set():
            wire.stream([picture])

    return send


DIM = np.full((48, 64, 3), 3, np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.mark.parametrize(
    ("picture", "status"),
    [(DIM, ResultStatus.OBSTRUCTED), (NOISE, ResultStatus.FROZEN)],
    ids=["obstructed", "frozen"],
)
def test_what_a_covered_or_frozen_camera_shows_is_marked(
    classifier: Classifier, picture: Frame, status: ResultStatus
) -> None:
    events: list[Event] = []
    capture = CaptureOptions(patience=Patience(give_up_s=20, doubt_s=0.2), on_event=events.append)
    classifier.require(0.0)
    with http_camera(still(picture)) as camera:
        results = watch(classifier, camera.url, options=WatchOptions(capture=capture))
        marked = next(result for result in results if result.status)
        results.close()
    assert marked.status is status
    assert marked.prediction is not None
    assert (marked.label == UNKNOWN) == (status is ResultStatus.OBSTRUCTED)
    assert SourceEvent(status.value) in [event.what for event in events]


def test_a_wrong_frame_is_an_error(classifier: Classifier, frames: list[Frame]) -> None:
    with pytest.raises(FrameError, match="float32"):
        through(classifier, [frames[0].astype("float32")], WatchOptions())


def test_the_options_of_a_user_are_left_as_they_are(classifier: Classifier) -> None:
    options = WatchOptions()
    before = replace(options)
    Watcher(classifier, options)
    assert options == before


def test_watching_needs_no_main_guard(int8: Path, folder: Path, tmp_path: Path) -> None:
    import subprocess

    script = tmp_path / "script.py"
    script.write_text(
        f"import edgecnn\nprint(sum(1 for _ in edgecnn.watch({str(int8)!r}, {str(folder)!r})))\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("20\n", "")
