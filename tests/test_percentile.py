"""The percentile of every report is a value that was measured."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.percentile import percentile


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (90, 90), (99, 99), (100, 100), (0.1, 1)])
def test_a_percentile_of_a_hundred_values_is_the_value_of_that_rank(
    percent: float, value: int
) -> None:
    assert percentile(range(1, 101), percent) == value


@pytest.mark.parametrize("percent", [1, 50, 99])
def test_every_percentile_of_one_value_is_that_value(percent: float) -> None:
    assert percentile([7.0], percent) == 7.0


@settings(deadline=None, max_examples=100, database=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=300))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[int]) -> None:
    for percent in (50, 90, 99):
        fitting = [v for v in values if 100 * sum(w <= v for w in values) >= percent * len(values)]
        assert percentile(values, percent) == min(fitting)
