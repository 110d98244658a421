"""Statistics of a run, and its report."""

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
"""A run may last for months: percentiles are over this many newest results."""


@dataclass(frozen=True)
class RunReport(Record):
    """The summary of a run."""

    source: str
    frames: int
    seconds: float
    frames_per_second: float
    p50_ms: float
    """Median latency, see `Prediction.latency_ms`."""
    p99_ms: float
    age_p99_ms: float
    """99th percentile of `Result.age_ms`."""
    dropped: int
    """Frames of live sources that were skipped while an earlier one was classified."""
    errors: int
    """Frames for which the network returned NaN or infinity."""
    labels: dict[str, int]
    """How many results had each label."""
    sources: dict[str, Counts]
    """The frame counts of each source."""
    sinks: dict[str, DeliveryCounts]
    """What happened to the results, by sink."""
    interrupted: bool
    """Whether a signal or a key stopped the run."""

    def __str__(self) -> str:
        stopped = "stopped, " if self.interrupted else ""
        errors = f", {self.errors} without a finite answer" if self.errors else ""
        lost = "".join(f", {name}: {counts}" for name, counts in self.sinks.items() if counts.lost)
        return (
            f"{stopped}{self.frames} frames in {self.seconds:.2f} s, "
            f"{self.frames_per_second:.0f} frames/s, latency p50 {self.p50_ms:.3f} ms, "
            f"p99 {self.p99_ms:.3f} ms, age p99 {self.age_p99_ms:.1f} ms, {self.dropped} dropped"
            f"{errors}{lost}"
        )


class RecentNumbers:
    """The newest numbers of a long series, in constant memory."""

    def __init__(self, size: int = KEPT_LATENCIES) -> None:
        self._numbers = np.full(size, np.nan, np.float32)  # allocates now, not as it fills
        self._count = 0

    def add(self, number: float) -> None:
        """Add a number; if there is no room, it replaces the oldest."""
        self._numbers[self._count % len(self._numbers)] = number
        self._count += 1

    def percentiles(self, *percents: float) -> list[float]:
        """Return these percentiles (0 to 100) of the kept numbers; zeros if there are none."""
        kept = self._numbers[: self._count]
        return [round(percentile(kept, each), 4) if self._count else 0.0 for each in percents]


class RunStatistics:
    """Counts labels and keeps latencies during a run."""

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
        """Return the report of everything counted so far.

        Args:
            source: The name of the source, or of all sources.
            sources: The frame counts of each source.
            sinks: What happened to the results, by sink.
            interrupted: Whether a signal or a key stopped the run.
        """
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
