"""Which frames of a source are classified: every nth frame, and at most so many a second."""

import math
from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.records import Record


@dataclass(frozen=True)
class Sampling(Record):
    """Frames that are not sampled are neither fitted nor counted as dropped."""

    every: int = 1
    """Sample every nth frame."""
    fps: float = 0.0
    """Most frames a second; 0: no limit. A live source skips frames; a file waits, and loses none.
    """

    def __post_init__(self) -> None:
        """Refuse values that would sample no frame."""
        if self.every < 1 or not self.fps >= 0:
            raise OptionError(
                f"every={self.every}, fps={self.fps}", remedy="give every=1 or more, fps=0 or more"
            )


ALL = Sampling()


class Sampler:
    """Applies a sampling to the frames of one source, in the order in which they arrive."""

    def __init__(self, sampling: Sampling) -> None:
        self._every = sampling.every
        self._period_s = 1 / sampling.fps if sampling.fps else 0.0
        self._number = 0
        self._due_s = 0.0

    def wants(self, at_s: float) -> bool:
        """Return whether a camera's frame, read at `at_s`, is sampled; early frames are not.

        The due times lie on a regular grid, so that the mean rate is `fps`.
        """
        wanted = self._is_nth() and at_s >= self._due_s
        if wanted:
            on_time = at_s - self._due_s < self._period_s
            self._due_s = (self._due_s if on_time else at_s) + self._period_s
        return wanted

    def delay_s(self, at_s: float) -> float:
        """Return how long a file's frame must wait, in seconds; infinity for a skipped frame."""
        if not self._is_nth():
            return math.inf
        delay = max(0.0, self._due_s - at_s)
        self._due_s = at_s + delay + self._period_s
        return delay

    def _is_nth(self) -> bool:
        self._number += 1
        return (self._number - 1) % self._every == 0
