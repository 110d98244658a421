"""How much accuracy a form loses against another one on the same pictures, with its bounds."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import beta, norm

from edgecnn.records import Record

MISS = 0.05
"""Share of cases in which a one-sided bound may be wrong."""
MOST_PICTURES = 10_000_000
"""More are not asked for."""


@dataclass(frozen=True)
class Drop(Record):
    """Accuracy lost on the same pictures, percentage points."""

    lost: int
    """Pictures that only the first form labels correctly."""
    won: int
    """Pictures that only the second form labels correctly."""
    pictures: int
    points: float
    """The drop: positive if the second form is worse."""
    low: float
    """One-sided 95 % lower bound of the drop."""
    high: float
    """One-sided 95 % upper bound of the drop."""

    def __str__(self) -> str:
        return f"{self.points:.2f} points on {self.pictures} validation pictures"


def measure_drop(
    truth: npt.NDArray[np.int64], first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> Drop:
    """Compare two forms' answers to the same pictures: (n,) class indexes each."""
    was, now = first == truth, second == truth
    lost, won = int((was & ~now).sum()), int((~was & now).sum())
    low, high = bounds(lost, won, len(truth))
    points = 100 * (lost - won) / len(truth)
    return Drop(lost, won, len(truth), points, 100 * low, 100 * high)


def bounds(lost: float, won: float, pictures: float) -> tuple[float, float]:
    """Return the one-sided bounds of (lost - won) / pictures, each wrong in 5 % of cases at most.

    Where nothing was won the drop is a plain share and Clopper and Pearson's bounds are exact;
    else Tango's score bounds. The pictures may be fractions: a guess at a larger experiment.

    Source: Tango 1998, "Equivalence test and confidence interval for the difference in proportions
    for the paired-sample design"; Clopper and Pearson 1934.
    """
    if won == 0:
        low = beta.ppf(MISS, lost, pictures - lost + 1) if lost else 0.0
        high = beta.ppf(1 - MISS, lost + 1, pictures - lost) if lost < pictures else 1.0
        return float(low), float(high)
    if lost == 0:
        low, high = bounds(won, lost, pictures)
        return -high, -low
    edge, middle, z = 1e-9, (lost - won) / pictures, float(norm.ppf(1 - MISS))
    low = brentq(lambda d: _score(d, lost, won, pictures) - z, edge - 1, middle)
    high = brentq(lambda d: _score(d, lost, won, pictures) + z, middle, 1 - edge)
    return float(low), float(high)


def _score(drop: float, lost: float, won: float, pictures: float) -> float:
    """Return how many standard deviations the counts lie above what a true drop would give."""
    a = 2 * pictures
    b = -lost - won + (2 * pictures - lost + won) * drop
    c = -won * drop * (1 - drop)
    share = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)  # of `won`, under that drop
    variance = pictures * (2 * share + drop * (1 - drop))
    return (lost - won - pictures * drop) / math.sqrt(variance)


def pictures_needed(drop: Drop, limit_points: float) -> int:
    """Return how many pictures would tell whether the drop is within a limit, at these rates.

    0: not even ten million.
    """

    def tells(pictures: float) -> bool:
        scale = pictures / drop.pictures
        low, high = bounds(drop.lost * scale, drop.won * scale, pictures)
        return 100 * high <= limit_points or 100 * low > limit_points

    enough = drop.pictures
    while not tells(enough):
        enough *= 2
        if enough > MOST_PICTURES:
            return 0
    few = enough // 2
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if tells(middle) else (middle, enough)
    return enough
