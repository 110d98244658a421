"""Percentiles and ratios, from clocks that tests set themselves."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from edgecnn.bench.clock import Latency, Ratio, latency, ratio, time_rounds

SIMULATIONS, ROUNDS = 300, 101


class SetClock:
    """A clock that moves only when a call spends time on it."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.spent_by: list[str] = []

    def __call__(self) -> int:
        return self.now_ns

    def call(self, name: str, durations_ns: list[int]) -> Callable[[], object]:
        """Return a call that takes each duration once, in turn."""
        left = iter(durations_ns)

        def spend() -> None:
            self.now_ns += next(left)
            self.spent_by.append(name)

        return spend


def test_a_latency_is_told_in_milliseconds() -> None:
    samples = [number * 1_000_000 for number in range(100, 0, -1)]
    assert latency(samples) == Latency(p50_ms=50.0, p90_ms=90.0, p99_ms=99.0, calls=100)


def test_one_slow_call_does_not_move_the_median() -> None:
    assert latency([1_000_000] * 99 + [10**9]).p50_ms == 1.0


def test_a_call_that_always_takes_twice_as_long_has_a_ratio_of_two() -> None:
    once = [int(x) for x in np.random.default_rng(0).integers(1_000, 9_000, 50)]
    assert ratio(once, [2 * x for x in once]) == Ratio(median=2.0, low=2.0, high=2.0, rounds=50)


def test_a_slow_round_slows_both_and_leaves_the_ratio() -> None:
    steady, slowed = [1_000] * 40, [1_000] * 20 + [50_000] * 20
    assert ratio(slowed, [x // 2 for x in slowed]) == ratio(steady, [500] * 40)


def test_a_ratio_needs_as_many_rounds_of_both() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


@pytest.mark.parametrize("rounds", [1, 2, 3, 10])
def test_the_interval_of_few_rounds_spans_at_most_what_was_seen(rounds: int) -> None:
    found = ratio([100] * rounds, list(range(100, 100 + rounds)))
    assert 1.0 <= found.low <= found.median <= found.high <= 1.0 + (rounds - 1) / 100


def simulate(seed: int, true_ratio: float) -> Ratio:
    """Time two calls on a noisy machine that slows both of them now and then."""
    draw = np.random.default_rng(seed)
    slow = np.where(draw.random(ROUNDS) < 0.2, draw.uniform(1, 8, ROUNDS), 1.0)
    base = 100_000 * slow
    first = base * draw.lognormal(0, 0.1, ROUNDS)
    second = base * true_ratio * draw.lognormal(0, 0.1, ROUNDS)
    return ratio([int(x) for x in first], [int(x) for x in second])


def test_the_interval_covers_the_true_median_in_93_of_100_simulations() -> None:
    found = [simulate(seed, true_ratio=1.5) for seed in range(SIMULATIONS)]
    covered = sum(one.low <= 1.5 <= one.high for one in found)
    assert covered >= 0.93 * SIMULATIONS


def test_the_interval_is_not_so_wide_that_it_says_nothing() -> None:
    widths = [one.high - one.low for one in (simulate(seed, 1.5) for seed in range(50))]
    assert max(widths) < 0.3


def test_the_interval_of_equal_calls_contains_one_in_most_simulations() -> None:
    found = [simulate(seed, true_ratio=1.0) for seed in range(SIMULATIONS)]
    assert sum(one.low <= 1.0 <= one.high for one in found) >= 0.9 * SIMULATIONS


def test_a_difference_of_ten_percent_is_seen_through_the_noise() -> None:
    found = [simulate(seed, true_ratio=1.1) for seed in range(50)]
    assert sum(one.low > 1.0 for one in found) >= 45


@pytest.mark.parametrize("rounds", [10, 50, 101, 500, 1000])
def test_the_interval_holds_the_ranks_of_a_95_percent_sign_test(rounds: int) -> None:
    """Counted exactly: how often a fair coin puts the true median between the two ranks."""
    found = ratio([1_000_000] * rounds, [1_000_000 + rank for rank in range(rounds)])
    low, high = (round((end - 1.0) * 1_000_000) for end in (found.low, found.high))
    inside = sum(math.comb(rounds, below) for below in range(low + 1, high + 1))
    assert 0.945 <= inside / 2**rounds <= 0.995


def test_each_call_is_timed_once_a_round() -> None:
    clock = SetClock()
    calls = [clock.call("a", [1, 2, 3]), clock.call("b", [10, 20, 30])]
    assert time_rounds(calls, 3, clock) == [[1, 2, 3], [10, 20, 30]]


def test_the_order_is_reversed_every_other_round() -> None:
    clock = SetClock()
    time_rounds([clock.call(name, [1] * 4) for name in "abc"], 4, clock)
    assert "".join(clock.spent_by) == "abccbaabccba"


def test_no_rounds_give_no_samples() -> None:
    assert time_rounds([lambda: None], 0, SetClock()) == [[]]


def test_the_real_clock_counts_nanoseconds_upwards() -> None:
    ((first, second),) = time_rounds([lambda: sum(range(1000))], 2)
    assert first > 0
    assert second > 0


@pytest.mark.parametrize(
    "record", [Latency(1.0, 2.0, 3.0, 4), Ratio(0.5, 0.4, 0.6, 7)], ids=["latency", "ratio"]
)
def test_a_result_travels_as_json(record: Latency | Ratio) -> None:
    assert type(record).from_json(record.to_json()) == record


def test_a_ratio_reads_as_a_median_with_its_interval() -> None:
    assert str(Ratio(0.5, 0.4, 0.6, 7)) == "0.500 [0.400, 0.600], 7 rounds"
