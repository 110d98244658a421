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

KEPT_LATENCIES = 100_000
"""A run may last for months; its percentiles are over the newest results."""


@dataclass(frozen=True, eq=False)
class Result:
    """One classified frame."""

    number: int
    """From 1."""
    frame_bgr: Frame
    """The whole frame, as the source gave it."""
    prediction: Prediction


@dataclass(frozen=True)
class RunReport(Record):
    """A run's summary."""

    source: str
    frames: int
    seconds: float
    frames_per_second: float
    p50_ms: float
    """Median time from frame to prediction."""
    p99_ms: float
    labels: dict[str, int]
    """How often each label was the answer."""
    interrupted: bool
    """Stopped by Ctrl-C or a key."""

    def __str__(self) -> str:
        stopped = "stopped, " if self.interrupted else ""
        return (
            f"{stopped}{self.frames} frames in {self.seconds:.2f} s, "
            f"{self.frames_per_second:.0f} frames/s, latency p50 {self.p50_ms:.3f} ms, "
            f"p99 {self.p99_ms:.3f} ms"
        )


class Tally:
    """Counts labels and keeps latencies while a run goes on."""

    def __init__(self) -> None:
        self._latencies_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._counts: Counter[str] = Counter()
        self._start = time.perf_counter()

    def add(self, prediction: Prediction) -> None:
        """Count one prediction."""
        self._latencies_ms.append(prediction.latency_ms)
        self._counts[prediction.label] += 1

    def report(self, source: str, *, interrupted: bool) -> RunReport:
        """Summarise all that was counted until now."""
        seconds = time.perf_counter() - self._start
        frames = self._counts.total()
        p50, p99 = np.percentile(self._latencies_ms, [50, 99]) if frames else (0.0, 0.0)
        return RunReport(
            source=source,
            frames=frames,
            seconds=round(seconds, 3),
            frames_per_second=round(frames / seconds, 1),
            p50_ms=round(float(p50), 4),
            p99_ms=round(float(p99), 4),
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
        source: An opened source.
        sinks: Each gets every result, in order.
        max_frames: 0: no limit.

    Raises:
        SourceError: A camera or stream stopped; FrameError, ModelError: see `Classifier`.
    """
    tally, interrupted = Tally(), False
    try:
        for number, frame in enumerate(islice(source, max_frames or None), start=1):
            result = Result(number, frame, classifier(frame))
            tally.add(result.prediction)
            for sink in sinks:
                sink(result)
    except KeyboardInterrupt:
        interrupted = True
    return tally.report(source.name, interrupted=interrupted)
