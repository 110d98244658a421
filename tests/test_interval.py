"""The interval of a device is scipy's."""

import pytest
from scipy.stats import binomtest

from edgecnn.interval import wilson


@pytest.mark.parametrize(
    ("count", "total"), [(0, 10), (3, 10), (10, 10), (349, 359), (9900, 10_000)]
)
def test_the_interval_is_scipys(count: int, total: int) -> None:
    expected = binomtest(count, total).proportion_ci(method="wilson")
    assert wilson(count, total) == pytest.approx((expected.low, expected.high), abs=1e-6)
