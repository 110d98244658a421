"""Latencies from timed calls: percentiles, and the paired ratio of two models."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from edgecnn.percentile import percentile
from edgecnn.records import Record

MISS = Fraction(1, 20)
"""Share of cases in which a 95 % interval misses."""

Clock = Callable[[], int]
"""Nanoseconds that only grow."""


@dataclass(frozen=True)
class Latency(Record):
    """How long one call takes."""

    p50_ms: float
    p90_ms: float
    p99_ms: float
    calls: int

    def __str__(self) -> str:
        return (
            f"p50 {self.p50_ms:.3f} ms, p90 {self.p90_ms:.3f} ms, p99 {self.p99_ms:.3f} ms, "
            f"{self.calls} calls"
        )


@dataclass(frozen=True)
class Ratio(Record):
    """Time of b over time of a: 0.5 means that b takes half as long."""

    median: float
    low: float
    """Lower end of the interval of the median: 95 %, unless it is said otherwise."""
    high: float
    """Upper end of it."""
    rounds: int

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}], {self.rounds} rounds"


def latency(samples_ns: Sequence[int]) -> Latency:
    """Summarise the durations of single calls, nanoseconds."""
    durations_ms = [duration / 1e6 for duration in samples_ns]
    p50, p90, p99 = (percentile(durations_ms, percent) for percent in (50, 90, 99))
    return Latency(p50, p90, p99, len(durations_ms))


def ratio(first_ns: Sequence[int], second_ns: Sequence[int], miss: Fraction = MISS) -> Ratio:
    """Return the median of second / first over paired rounds, with its interval.

    `miss` is the share of cases in which the interval may miss the true median: 1/20 for 95 %.

    Source: the sign-test interval of a median (order statistics, no bell curve assumed); paired,
    interleaved rounds as in nanobench 4.6 `Bench::compare`.
    """
    ratios = sorted(b / a for a, b in zip(first_ns, second_ns, strict=True))
    count = len(ratios)
    rank = interval_rank(count, miss)
    return Ratio(statistics.median(ratios), ratios[rank], ratios[count - 1 - rank], count)


def interval_rank(count: int, miss: Fraction = MISS) -> int:
    """Return how many ordered values to leave out at each end of a median's interval.

    The most for which a fair coin, thrown `count` times, shows that few heads in half of the
    `miss` cases.
    """
    limit, tail, term, rank = int(2**count * miss / 2), 0, 1, 0
    while tail + term <= limit:
        tail += term
        term = term * (count - rank) // (rank + 1)
        rank += 1
    return max(0, rank - 1)


def time_rounds(
    calls: Sequence[Callable[[], object]],
    rounds: int,
    clock: Clock = time.perf_counter_ns,
) -> list[list[int]]:
    """Time each call once a round, the order reversed every other round.

    Interleaved, so that a slow second slows all of them alike.

    Returns:
        For each call, its duration in each round, nanoseconds.
    """
    samples: list[list[int]] = [[] for _ in calls]
    order = list(range(len(calls)))
    for _ in range(rounds):
        for index in order:
            start = clock()
            calls[index]()
            samples[index].append(clock() - start)
        order.reverse()
    return samples
