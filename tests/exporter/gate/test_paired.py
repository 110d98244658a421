"""The bounds of a drop hold as often as they say, and too few pictures are counted."""

import numpy as np
import pytest
from scipy.stats import binom

from edgecnn.exporter.gate.paired import (
    HALF,
    Drop,
    Z,
    bounds,
    measure_drop,
    pictures_needed,
    score,
)
from exporter.gate.coverage import outcomes, worst_miss

LIMIT = 0.005


def test_a_drop_counts_the_pictures_that_one_form_alone_labels_correctly() -> None:
    truth = np.zeros(10, int)
    first, second = truth.copy(), truth.copy()
    first[:2] = 1
    second[1:5] = 1
    drop = measure_drop(truth, first, second)
    assert (drop.lost, drop.won, drop.pictures) == (3, 1, 10)
    assert drop.points == pytest.approx(20.0)
    assert drop.low < drop.points < drop.high


def test_a_change_of_sign_changes_the_bounds_sign() -> None:
    assert bounds(3, 8, 500) == pytest.approx(tuple(-b for b in reversed(bounds(8, 3, 500))))
    assert bounds(0, 8, 500) == pytest.approx(tuple(-b for b in reversed(bounds(8, 0, 500))))


def test_nothing_changed_is_bounded_alike_on_both_sides() -> None:
    low, high = bounds(0, 0, 1000)
    assert low == -high
    assert 0.003 < high < 0.004  # the rule of three, and the half picture


def test_one_lucky_picture_does_not_move_the_bound_below_zero() -> None:
    assert bounds(0, 1, 100)[1] > 0.02


def test_all_pictures_lost_or_won_is_bounded_by_one() -> None:
    assert bounds(100, 0, 100)[1] == 1.0
    assert bounds(0, 100, 100)[0] == -1.0


@pytest.mark.parametrize("pictures", [20, 30, 50])
def test_a_bound_misses_in_5_of_100_cases_by_exact_enumeration(pictures: int) -> None:
    assert 0.03 < worst_miss(pictures)[0] <= 0.055


def test_a_bound_lies_where_the_score_crosses_its_limit() -> None:
    lost, won, _ = outcomes(20, 0.3, 0.3)
    for a, b in zip(lost, won, strict=True):
        low, high = bounds(a, b, 20)
        for drop in np.linspace(-0.975, 0.975, 40):
            assert (high < drop) == (score(drop, a + HALF, b, 20) < -Z)
            assert (low > drop) == (score(-drop, b + HALF, a, 20) < -Z)


def test_the_score_bound_solves_tangos_equation_for_many_pictures() -> None:
    """For large counts it is the usual one: the drop plus 1.645 standard errors."""
    lost, won, pictures = 4000, 3000, 100_000
    drop = (lost - won) / pictures
    error = np.sqrt(lost + won - (lost - won) ** 2 / pictures) / pictures
    expected = (drop - 1.6449 * error, drop + 1.6449 * error)
    assert bounds(lost, won, pictures) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("pictures", [1000, 2000, 10_000])
@pytest.mark.parametrize("won", [0.0, 0.0005, 0.01])
def test_a_drop_at_the_limit_passes_in_5_of_100_cases_at_most(pictures: int, won: float) -> None:
    """Exactly, over all outcomes: `won` and `lost` are the true shares."""
    lost, wrongly = won + LIMIT, 0.0
    for count in range(int(binom.ppf(1 - 1e-6, pictures, won)) + 1):
        passing = most_lost_that_passes(count, pictures)
        chance = binom.pmf(count, pictures, won)
        wrongly += chance * binom.cdf(passing, pictures - count, lost / (1 - won))
    assert 0.005 < wrongly < 0.055


def most_lost_that_passes(won: int, pictures: int) -> int:
    """Return the largest count of lost pictures whose upper bound is within the limit, or -1."""
    few, many = -1, won + round(LIMIT * pictures) + 1
    while many - few > 1:
        middle = (few + many) // 2
        if bounds(middle, won, pictures)[1] <= LIMIT:
            few = middle
        else:
            many = middle
    return few


@pytest.mark.parametrize(("lost", "won", "pictures"), [(0, 0, 240), (2, 1, 900), (9, 0, 1500)])
def test_so_many_pictures_would_tell_and_one_fewer_would_not(
    lost: int, won: int, pictures: int
) -> None:
    low, high = bounds(lost, won, pictures)
    points = 100 * (lost - won) / pictures
    needed = pictures_needed(Drop(lost, won, pictures, points, 100 * low, 100 * high), 0.5)
    assert needed > pictures

    def tells(count: int) -> bool:
        scale = count / pictures
        low, high = bounds(lost * scale, won * scale, count)
        return high <= LIMIT or low > LIMIT

    assert tells(needed)
    assert not tells(needed - 1)


def test_a_limit_of_nothing_can_be_shown_by_no_number_of_pictures() -> None:
    assert pictures_needed(Drop(0, 0, 240, 0.0, 0.0, 1.2), 0.0) == 0
