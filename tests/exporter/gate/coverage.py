"""How often a bound of the gate misses the true drop: exact sums over all outcomes."""

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln as log_gamma
from scipy.special import xlog1py, xlogy

from edgecnn.exporter.gate.paired import HALF, Z, score

RATES = (0, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1,
         0.15, 0.2, 0.25, 0.3)  # fmt: skip
"""True shares of pictures lost and won."""
RARE = 1e-12
"""Outcomes less likely than this are left out of a sum."""


def outcomes(
    pictures: int, lost_rate: float, won_rate: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the (n,) counts lost and won of every outcome, and its probability."""
    counts = np.arange(pictures + 1, dtype=np.float64)
    lost, won = (grid.ravel() for grid in np.meshgrid(counts, counts, indexing="ij"))
    possible = lost + won <= pictures
    lost, won = lost[possible], won[possible]
    same = pictures - lost - won
    ways = log_gamma(pictures + 1) - log_gamma(lost + 1) - log_gamma(won + 1) - log_gamma(same + 1)
    logs = xlogy(lost, lost_rate) + xlogy(won, won_rate) + xlog1py(same, -lost_rate - won_rate)
    chance = np.exp(ways + logs)
    likely = chance > RARE
    return lost[likely], won[likely], chance[likely]


def miss(pictures: int, lost_rate: float, won_rate: float) -> float:
    """Return the chance that the upper bound lies below the true drop, lost_rate - won_rate."""
    lost, won, chance = outcomes(pictures, lost_rate, won_rate)
    drop = lost_rate - won_rate
    with np.errstate(divide="ignore", invalid="ignore"):  # a drop of 0 with nothing won
        below = score(drop, lost + HALF, won, pictures) < -Z
    return float(chance[below].sum())


def worst_miss(pictures: int) -> tuple[float, float, float]:
    """Return the largest chance of a miss over all pairs of `RATES`, and the pair."""
    pairs = ((a, b) for a in RATES for b in RATES if 0 < a + b < 1)
    return max((miss(pictures, a, b), a, b) for a, b in pairs)


def passes(pictures: int, won_rate: float, drop: float, limit: float) -> float:
    """Return the chance that the upper bound is within a limit, at a true drop."""
    lost, won, chance = outcomes(pictures, won_rate + drop, won_rate)
    inside = score(limit, lost + HALF, won, pictures) <= -Z
    return float(chance[inside].sum())
