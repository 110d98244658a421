"""The frame rate of a video, claimed or measured."""

from collections.abc import Sequence
from itertools import pairwise

DEFAULT_FPS = 25.0
LONGEST_GAP_S = 2.0
"""Longer gaps between frames are ignored: the source stalled, or the clock jumped."""


def plausible_fps(fps: float) -> float:
    """Return the claimed rate in frames/s; the default rate if it is implausible."""
    return fps if 1 <= fps <= 240 else DEFAULT_FPS


def measured_fps(times_s: Sequence[float]) -> float:
    """Return the rate, in frames/s, of frames that were read at these times.

    With five gaps or more, the shortest and the longest are left out: the start of a stream is
    uneven. Without any gap it is the default rate.
    """
    gaps = [after - before for before, after in pairwise(times_s)]
    gaps = sorted(gap for gap in gaps if 0 < gap < LONGEST_GAP_S)
    steady = gaps[1:-1] if len(gaps) >= 5 else gaps
    return min(max(len(steady) / sum(steady), 1.0), 240.0) if steady else DEFAULT_FPS
