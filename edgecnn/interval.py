"""The interval of a share, without scipy: a device has none."""

import math

_Z = 1.959964
"""97.5 % of a normal distribution lie below."""


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of the share count / total, 0 to 1.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    share, weight = count / total, _Z**2 / total
    middle = (share + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)
