"""Clocks that tests set: they run on by what a call is said to take, not by what it takes."""

from collections.abc import Callable, Iterator
from itertools import chain, cycle

FIRST_NS = 1000


def set_clock(*ratios: float) -> Callable[[], int]:
    """Return a clock by which the second of two calls takes `ratio` of the first one's time.

    They are interleaved: first, second, second, first, and so on; each is timed by two looks. Of
    several ratios each holds for two rounds, in turn.
    """
    rounds = ((0, FIRST_NS, 0, own, 0, own, 0, FIRST_NS) for own in cycle(map(_second, ratios)))
    return _looks(chain.from_iterable(rounds))


def _second(ratio: float) -> int:
    return round(FIRST_NS * ratio)


def _looks(steps: Iterator[int]) -> Callable[[], int]:
    now = 0

    def look() -> int:
        nonlocal now
        now += next(steps)
        return now

    return look
