"""The percentile that every report uses."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def percentile(values: Sequence[float] | npt.NDArray[np.floating], percent: float) -> float:
    """Return the smallest value that at least `percent` % of the values do not exceed.

    It is always one of the values, never interpolated: the median of 1 and 2 is 1.

    Args:
        values: One or more numbers, in any order.
        percent: 0 to 100.

    Source: Hyndman and Fan 1996, "Sample Quantiles in Statistical Packages", definition 1.
    """
    return float(np.percentile(values, percent, method="inverted_cdf"))
