"""A run: what it counts, what it hands on, and how it ends, whatever happens."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from cameras import http_camera, then_silent
from commands import started
from processes import children_of, left

from edgecnn.errors import DeviceError, SourceError
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.opencv import encode_png
from edgecnn.runner.result import Result
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.sink_queue import Sink
from edgecnn.runner.statistics import RunReport
from edgecnn.runner.watch import WatchOptions
from edgecnn.sources.capture import CaptureOptions
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.live.connection import Patience


@pytest.fixture
def classifier(int8: Path) -> Iterator[Classifier]:
    with Classifier(int8) as opened:
        yield opened


@pytest.fixture
def folder(frames: list[Frame], tmp_path: Path) -> str:
    """Twenty digits as pictures."""
    for i, frame in enumerate(frames):
        (tmp_path / f"{i:02}.png").write_bytes(encode_png(frame))
    return str(tmp_path)


class Kept:
    """A sink that keeps what it gets; at one number it fails, or asks a run to stop."""

    name, queue_size, needs_frames, required = "kept", 4, True, False

    def __init__(self, fail_at: int = 0, error: Exception | None = None) -> None:
        self.results: list[Result] = []
        self.closed = False
        self._fail_at, self._error = fail_at, error

    def __call__(self, result: Result) -> None:
        if self._error and result.number == self._fail_at:
            raise self._error
        self.results.append(result)

    def close(self) -> None:
        self.closed = True


def run(
    classifier: Classifier, source: str, *sinks: Sink, options: WatchOptions | None = None
) -> RunReport:
    plan = RunPlan([source], lambda _: sinks, options or WatchOptions())
    report = Run(classifier, plan)().value
    assert report is not None
    return report


def test_a_run_ends_with_its_source(classifier: Classifier, folder: str) -> None:
    report = run(classifier, folder)
    assert (report.source, report.frames, report.interrupted) == (folder, 20, False)
    assert report.sources[folder].frames == 20


@pytest.mark.parametrize(("limit", "done"), [(1, 1), (7, 7), (99, 20)])
def test_a_run_ends_after_max_frames(
    classifier: Classifier, folder: str, limit: int, done: int
) -> None:
    assert run(classifier, folder, options=WatchOptions(max_frames=limit)).frames == done


def test_a_sink_that_needs_no_frames_does_not_hold_them_while_results_wait(
    classifier: Classifier, folder: str
) -> None:
    with_frames, without = Kept(), Kept()
    without.needs_frames = False
    run(classifier, folder, with_frames, without)
    assert {result.frame_bgr.shape for result in without.results} == {(0, 0, 3)}
    assert all(result.frame_bgr.size for result in with_frames.results)
    assert [r.label for r in without.results] == [r.label for r in with_frames.results]


def test_every_sink_gets_every_result_in_order_and_is_closed(
    classifier: Classifier, folder: str
) -> None:
    first, second = Kept(), Kept()
    report = run(classifier, folder, first, second)
    assert [result.number for result in first.results] == list(range(1, 21))
    assert all(a is b for a, b in zip(first.results, second.results, strict=True))
    assert first.closed
    assert report.sinks["kept"].results == 20


def test_a_sink_that_fails_ends_alone_and_is_told(classifier: Classifier, folder: str) -> None:
    told: list[Event] = []
    broken = Kept(5, DeviceError("the disk is full", remedy="free some space"))
    broken.name = "broken"
    sound = Kept()
    options = WatchOptions(capture=CaptureOptions(on_event=told.append))
    report = run(classifier, folder, broken, sound, options=options)
    assert report.sinks["kept"].results == len(sound.results) == 20
    assert report.sinks["broken"].results == 4
    assert report.sinks["broken"].lost >= 15
    assert report.sinks["broken"].failure == "the disk is full"
    assert "broken: " in str(report)
    assert [(e.source, e.what) for e in told] == [("broken", SourceEvent.UNDELIVERED)]


def test_a_required_sink_that_fails_ends_the_run(classifier: Classifier) -> None:
    gone = Kept(3, BrokenPipeError("nobody reads"))
    gone.required = True
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        run(classifier, "pattern", gone)


def test_a_source_that_is_given_up_is_an_error_after_its_last_result(
    classifier: Classifier,
) -> None:
    kept = Kept()
    patience = Patience(stall_s=0.3, give_up_s=0.6)
    options = WatchOptions(capture=CaptureOptions(patience=patience, on_event=lambda _: None))
    with http_camera(then_silent) as camera, pytest.raises(SourceError, match="stopped giving"):
        run(classifier, camera.url, kept, options=options)
    assert kept.results
    assert kept.closed


def test_a_window_that_is_closed_ends_the_run(classifier: Classifier) -> None:
    steps = iter([True, True, False])

    def step() -> bool:
        time.sleep(0.05)
        return next(steps)

    outcome = Run(classifier, RunPlan(["pattern"], step=step))()
    assert outcome.value is not None
    assert (outcome.value.interrupted, outcome.signal) == (True, None)


def test_a_run_in_a_thread_leaves_signals_alone(classifier: Classifier, folder: str) -> None:
    reports: list[RunReport] = []
    thread = threading.Thread(target=lambda: reports.append(run(classifier, folder)))
    thread.start()
    thread.join(60)
    assert reports[0].frames == 20


def test_a_run_leaves_no_descriptor_open(classifier: Classifier, folder: str) -> None:
    run(classifier, folder)
    gc.collect()  # what earlier tests dropped in a circle may close meanwhile
    before = len(list(Path("/proc/self/fd").iterdir()))
    run(classifier, folder)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def start(
    *arguments: str, script: str = "from edgecnn.cli import main; main()"
) -> AbstractContextManager["subprocess.Popen[str]"]:
    return started(sys.executable, "-c", script, *arguments)


def test_when_a_run_is_killed_its_capture_process_dies_even_if_it_was_stopped(int8: Path) -> None:
    with (
        http_camera(then_silent) as camera,
        start("run", str(int8), "--source", camera.url, "--stall-timeout", "60") as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        (child,) = children_of(process.pid)
        os.kill(child, signal.SIGSTOP)
        process.kill()
        process.communicate(timeout=60)
    assert left([child]) == 0


def test_a_capture_process_that_is_stopped_while_it_starts_dies_with_its_run(int8: Path) -> None:
    def is_importing(pid: int) -> bool:
        facts = Path(f"/proc/{pid}")
        is_ours = b"capture_child" in (facts / "cmdline").read_bytes()  # not yet our own copy
        return is_ours and "numpy" in (facts / "maps").read_text()

    with (
        http_camera(then_silent) as camera,
        start("run", str(int8), "--source", camera.url) as process,
    ):
        while not (importing := [pid for pid in children_of(process.pid) if is_importing(pid)]):
            assert process.poll() is None
        os.kill(importing[0], signal.SIGSTOP)
        process.kill()
        process.communicate(timeout=60)
    assert left(importing) == 0
