"""Statistics of timed calls: percentiles of latency, and the paired ratio of two models."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from edgecnn.percentile import percentile
from edgecnn.records import Record

MISS = Fraction(1, 20)
"""How often a 95 % confidence interval misses the true value."""

Clock = Callable[[], int]
"""Returns monotonic time in nanoseconds."""


@dataclass(frozen=True)
class Latency(Record):
    """Percentiles of the duration of one call."""

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
    """Time of the second model over time of the first: 0.5 means it takes half as long."""

    median: float
    low: float
    """Lower end of the confidence interval of the median, 95 % unless stated otherwise."""
    high: float
    """Upper end of the confidence interval."""
    rounds: int

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}], {self.rounds} rounds"


def latency(samples_ns: Sequence[int]) -> Latency:
    """Return the percentiles of the durations of single calls, in nanoseconds."""
    durations_ms = [duration / 1e6 for duration in samples_ns]
    p50, p90, p99 = (percentile(durations_ms, percent) for percent in (50, 90, 99))
    return Latency(p50, p90, p99, len(durations_ms))


def ratio(first_ns: Sequence[int], second_ns: Sequence[int], miss: Fraction = MISS) -> Ratio:
    """Return the median of second / first over paired rounds, with its confidence interval.

    Args:
        first_ns: Duration of the first call in each round, nanoseconds.
        second_ns: The same of the second call.
        miss: How often the interval may miss the true median: 1/20 for 95 %.

    Source: the sign-test interval of a median (order statistics, no normal distribution assumed);
    paired, interleaved rounds as in nanobench 4.6 `Bench::compare`.
    """
    ratios = sorted(b / a for a, b in zip(first_ns, second_ns, strict=True))
    count = len(ratios)
    rank = interval_rank(count, miss)
    return Ratio(statistics.median(ratios), ratios[rank], ratios[count - 1 - rank], count)


def interval_rank(count: int, miss: Fraction = MISS) -> int:
    """Return how many of the sorted values lie outside a median's interval, at each end.

    It is the largest rank r for which a fair coin, tossed `count` times, shows at most r heads with
    a probability of at most `miss` / 2.
    """
    limit, tail, term, rank = int(2**count * miss / 2), 0, 1, 0
    while tail + term <= limit:
        tail += term
        term = term * (count - rank) // (rank + 1)
        rank += 1
    return max(0, rank - 1)


def time_rounds(
    calls: Sequence[Callable[[], object]], rounds: int, clock: Clock = time.perf_counter_ns
) -> list[list[int]]:
    """Time all calls once per round, in reverse order every second round.

    The calls are interleaved, so that a slow moment of the machine affects all of them alike.

    Args:
        calls: The functions to time.
        rounds: How often each is called.
        clock: Returns nanoseconds.

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
