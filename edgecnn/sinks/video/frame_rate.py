"""How many frames a second a video is to have."""

from collections.abc import Sequence
from itertools import pairwise

USUAL_FPS = 25.0
LONGEST_GAP_S = 2.0
"""What lies further apart are not neighbours: a stall, or a clock that jumped."""


def sane(fps: float) -> float:
    """Return a claimed rate, or a usual one where no camera has it."""
    return fps if 1 <= fps <= 240 else USUAL_FPS


def measured(times_s: Sequence[float]) -> float:
    """Return the rate of frames that were read at these times; the usual one if none can be told.

    The shortest and the longest gap are left out, where there are five or more: a start is uneven.
    """
    gaps = [after - before for before, after in pairwise(times_s)]
    gaps = sorted(gap for gap in gaps if 0 < gap < LONGEST_GAP_S)
    steady = gaps[1:-1] if len(gaps) >= 5 else gaps
    return min(max(len(steady) / sum(steady), 1.0), 240.0) if steady else USUAL_FPS
