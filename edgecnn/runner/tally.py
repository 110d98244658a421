"""What a run counts, and its summary."""

import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgecnn.records import Record
from edgecnn.runner.deliver.delivery import Delivered
from edgecnn.runner.events import Counts
from edgecnn.runner.result import Result, Trouble

KEPT_LATENCIES = 100_000
"""A run may last for months; its percentiles are over the newest results."""


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
    errors: int
    """Frames to which the network answered with NaN or infinity."""
    labels: dict[str, int]
    """How often each label was the answer."""
    sources: dict[str, Counts]
    """What each source gave."""
    sinks: dict[str, Delivered]
    """What became of the results."""
    interrupted: bool
    """Stopped by a signal or a key."""

    def __str__(self) -> str:
        stopped = "stopped, " if self.interrupted else ""
        errors = f", {self.errors} without a finite answer" if self.errors else ""
        lost = "".join(f", {name}: {told}" for name, told in self.sinks.items() if told.lost)
        return (
            f"{stopped}{self.frames} frames in {self.seconds:.2f} s, "
            f"{self.frames_per_second:.0f} frames/s, latency p50 {self.p50_ms:.3f} ms, "
            f"p99 {self.p99_ms:.3f} ms, age p99 {self.age_p99_ms:.1f} ms, {self.dropped} dropped"
            f"{errors}{lost}"
        )


class Tally:
    """Counts labels and keeps latencies while a run goes on."""

    def __init__(self) -> None:
        self._latencies_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._ages_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._labels: Counter[str] = Counter()
        self._errors = 0
        self._start = time.perf_counter()

    def add(self, result: Result) -> None:
        """Count one result."""
        if result.prediction:
            self._latencies_ms.append(result.prediction.latency_ms)
        self._ages_ms.append(result.age_ms)
        self._labels[result.label] += 1
        self._errors += result.trouble is Trouble.NON_FINITE

    def report(
        self,
        source: str,
        sources: Mapping[str, Counts],
        sinks: Mapping[str, Delivered],
        *,
        interrupted: bool,
    ) -> RunReport:
        """Summarise all that was counted until now."""
        seconds = time.perf_counter() - self._start
        frames = self._labels.total()
        p50, p99 = np.percentile(self._latencies_ms or [0.0], [50, 99])
        return RunReport(
            source=source,
            frames=frames,
            seconds=round(seconds, 3),
            frames_per_second=round(frames / seconds, 1),
            p50_ms=round(float(p50), 4),
            p99_ms=round(float(p99), 4),
            age_p99_ms=round(float(np.percentile(self._ages_ms or [0.0], 99)), 4),
            dropped=sum(counts.dropped for counts in sources.values()),
            errors=self._errors,
            labels=dict(sorted(self._labels.items())),
            sources=dict(sources),
            sinks=dict(sinks),
            interrupted=interrupted,
        )
