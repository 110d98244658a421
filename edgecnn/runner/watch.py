"""The loop of a run: source -> classifier -> sinks."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from edgecnn.frame import Frame
from edgecnn.records import Record
from edgecnn.runner.capture import Source
from edgecnn.runner.classify import Classifier, Prediction
from edgecnn.runner.shot import Shot

KEPT_LATENCIES = 100_000
"""A run may last for months; its percentiles are over the newest results."""


@dataclass(frozen=True, eq=False)
class Result:
    """One classified frame."""

    number: int
    """From 1."""
    frame_bgr: Frame
    """The whole frame, as the source gave it; the fitted one, if no whole ones were asked for."""
    prediction: Prediction
    source: str = ""
    """The name of the source, without credentials."""
    age_ms: float = 0.0
    """From the moment when the frame had been read to the prediction. What camera and driver held
    back before is not in it."""


@dataclass(frozen=True)
class RunReport(Record):
    """A run's summary."""

    source: str
    frames: int
    seconds: float
    frames_per_second: float
    p50_ms: float
    """Median latency of a prediction, see `Prediction`."""
    p99_ms: float
    age_p99_ms: float
    """See `Result.age_ms`."""
    dropped: int
    """Frames of live sources that came while others were worked on."""
    labels: dict[str, int]
    """How often each label was the answer."""
    interrupted: bool
    """Stopped by Ctrl-C or a key."""

    def __str__(self) -> str:
        stopped = "stopped, " if self.interrupted else ""
        return (
            f"{stopped}{self.frames} frames in {self.seconds:.2f} s, "
            f"{self.frames_per_second:.0f} frames/s, latency p50 {self.p50_ms:.3f} ms, "
            f"p99 {self.p99_ms:.3f} ms, age p99 {self.age_p99_ms:.1f} ms, {self.dropped} dropped"
        )


class Tally:
    """Counts labels and keeps latencies while a run goes on."""

    def __init__(self) -> None:
        self._latencies_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._ages_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._counts: Counter[str] = Counter()
        self._start = time.perf_counter()

    def add(self, result: Result) -> None:
        """Count one result."""
        self._latencies_ms.append(result.prediction.latency_ms)
        self._ages_ms.append(result.age_ms)
        self._counts[result.prediction.label] += 1

    def report(self, source: Source, *, interrupted: bool) -> RunReport:
        """Summarise all that was counted until now."""
        seconds = time.perf_counter() - self._start
        frames = self._counts.total()
        p50, p99 = np.percentile(self._latencies_ms, [50, 99]) if frames else (0.0, 0.0)
        age_p99 = np.percentile(self._ages_ms, 99) if frames else 0.0
        return RunReport(
            source=source.name,
            frames=frames,
            seconds=round(seconds, 3),
            frames_per_second=round(frames / seconds, 1),
            p50_ms=round(float(p50), 4),
            p99_ms=round(float(p99), 4),
            age_p99_ms=round(float(age_p99), 4),
            dropped=sum(counts.dropped for counts in source.counts.values()),
            labels=dict(sorted(self._counts.items())),
            interrupted=interrupted,
        )


def classify_source(
    classifier: Classifier,
    source: Source,
    sinks: Sequence[Callable[[Result], None]],
    max_frames: int = 0,
) -> RunReport:
    """Classify frame after frame until the source ends, `max_frames` are done, or Ctrl-C.

    Args:
        classifier: An opened model.
        source: An opened source, or several opened as one.
        sinks: Each gets every result, in order.
        max_frames: 0: no limit.

    Raises:
        SourceError: A live source was given up; FrameError, ModelError: see `Classifier`.
    """
    tally, interrupted = Tally(), False
    try:
        for number, shot in enumerate(islice(source.shots(), max_frames or None), start=1):
            result = _classify(classifier, number, shot)
            tally.add(result)
            for sink in sinks:
                sink(result)
    except KeyboardInterrupt:
        interrupted = True
    return tally.report(source, interrupted=interrupted)


def _classify(classifier: Classifier, number: int, shot: Shot) -> Result:
    prediction = classifier(shot.frame_bgr if shot.fitted is None else shot.fitted)
    age_ms = (time.monotonic_ns() - shot.stamp_ns) / 1e6
    return Result(number, shot.frame_bgr, prediction, shot.source, age_ms)
