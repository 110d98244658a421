"""How much accuracy a form loses against another one on the same pictures, with its bounds."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from edgecnn.records import Record

MISS = 0.05
"""Share of cases in which a one-sided bound may be wrong."""
Z = float(norm.ppf(1 - MISS))
HALF = 0.5
"""Of a picture."""
MOST_PICTURES = 10_000_000
"""More are not asked for."""


Real: TypeAlias = Any
"""A float, or an array of floats."""


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
    """Return the one-sided bounds of (lost - won) / pictures, each wrong in 5 % of cases.

    Tango's score bounds, with half a picture added to the count that each bound guards against:
    without it a single changed picture moves a bound by more than chance allows. By exact
    enumeration a bound misses in 5.2 % of cases at worst (`tests/benchmarks/gate_coverage.py`).

    Args:
        lost: Pictures that only the first form labels correctly. All three may be fractions: a
            guess at a larger experiment.
        won: Pictures that only the second form labels correctly.
        pictures: All pictures that both forms labelled.

    Source: Tango 1998, "Equivalence test and confidence interval for the difference in proportions
    for the paired-sample design"; Agresti and Coull 1998 on adding pseudo-observations.
    """
    return -_upper_bound(won, lost, pictures), _upper_bound(lost, won, pictures)


def _upper_bound(lost: float, won: float, pictures: float) -> float:
    """Solve score = -1.645 for the drop, with the half picture added to what was lost."""
    edge, lost = 1e-9, lost + HALF
    middle = (lost - won) / pictures

    def above(drop: float) -> float:
        return float(score(drop, lost, won, pictures)) + Z

    if middle >= 1 - edge or above(1 - edge) >= 0:
        return 1.0
    return float(brentq(above, max(middle, edge - 1), 1 - edge))


def score(drop: Real, lost: Real, won: Real, pictures: float) -> Real:
    """Return how many standard deviations the counts lie above what a true drop would give.

    Args:
        drop: The true share of pictures lost, less that won; a number or an array.
        lost: Pictures lost, as a number or an array.
        won: Pictures won, the same.
        pictures: All pictures.
    """
    a = 2 * pictures
    b = -lost - won + (2 * pictures - lost + won) * drop
    c = -won * drop * (1 - drop)
    share = (np.sqrt(np.maximum(0.0, b * b - 4 * a * c)) - b) / (2 * a)  # of `won`, at that drop
    variance = pictures * (2 * share + drop * (1 - drop))
    result: Real = (lost - won - pictures * drop) / np.sqrt(variance)
    return result


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
