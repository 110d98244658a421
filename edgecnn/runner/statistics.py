"""What a run counts, and its summary."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgecnn.percentile import percentile
from edgecnn.records import Record
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.runner.sink_queue import DeliveryCounts
from edgecnn.sources.events import Counts

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
    sinks: dict[str, DeliveryCounts]
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


class RecentNumbers:
    """The newest numbers of many, in memory that does not grow."""

    def __init__(self, size: int = KEPT_LATENCIES) -> None:
        self._numbers = np.full(size, np.nan, np.float32)  # takes its memory now, not bit by bit
        self._count = 0

    def add(self, number: float) -> None:
        """Keep a number, instead of the oldest one if there is no room."""
        self._numbers[self._count % len(self._numbers)] = number
        self._count += 1

    def percentiles(self, *shares: float) -> list[float]:
        """Return percentiles (0 to 100) of what is kept; zeros if nothing is."""
        kept = self._numbers[: self._count]
        return [round(percentile(kept, share), 4) if self._count else 0.0 for share in shares]


class RunStatistics:
    """Counts labels and keeps latencies while a run goes on."""

    def __init__(self) -> None:
        self._latencies_ms, self._ages_ms = RecentNumbers(), RecentNumbers()
        self._labels: Counter[str] = Counter()
        self._errors = 0
        self._start = time.perf_counter()

    def add(self, result: Result) -> None:
        """Count one result."""
        if result.prediction:
            self._latencies_ms.add(result.prediction.latency_ms)
        self._ages_ms.add(result.age_ms)
        self._labels[result.label] += 1
        self._errors += result.status is ResultStatus.NON_FINITE

    def report(
        self,
        source: str,
        sources: Mapping[str, Counts],
        sinks: Mapping[str, DeliveryCounts],
        *,
        interrupted: bool,
    ) -> RunReport:
        """Summarise all that was counted until now."""
        seconds = time.perf_counter() - self._start
        frames = self._labels.total()
        p50_ms, p99_ms = self._latencies_ms.percentiles(50, 99)
        return RunReport(
            source=source,
            frames=frames,
            seconds=round(seconds, 3),
            frames_per_second=round(frames / seconds, 1),
            p50_ms=p50_ms,
            p99_ms=p99_ms,
            age_p99_ms=self._ages_ms.percentiles(99)[0],
            dropped=sum(counts.dropped for counts in sources.values()),
            errors=self._errors,
            labels=dict(sorted(self._labels.items())),
            sources=dict(sources),
            sinks=dict(sinks),
            interrupted=interrupted,
        )
