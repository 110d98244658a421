"""Which frames of a source are classified: every so many, and at most so many a second."""

from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.records import Record


@dataclass(frozen=True)
class Sampling(Record):
    """Frames that it leaves out are neither fitted nor counted as dropped."""

    every: int = 1
    """Every nth frame."""
    fps: float = 0.0
    """At most so many frames a second; 0: no limit. A file then waits, and loses none."""

    def __post_init__(self) -> None:
        """Refuse what would give no frames."""
        if self.every < 1 or not self.fps >= 0:
            raise OptionError(
                f"every={self.every}, fps={self.fps}", remedy="give every=1 or more, fps=0 or more"
            )


ALL = Sampling()


class Sampler:
    """Applies a sampling to the frames of one source, in the order in which they come."""

    def __init__(self, sampling: Sampling) -> None:
        self._every = sampling.every
        self._period_s = 1 / sampling.fps if sampling.fps else 0.0
        self._number = 0
        self._due_s = 0.0

    def wants(self, at_s: float) -> bool:
        """Tell whether a camera's frame, read at `at_s`, is wanted; those that are early are not.

        Those that are wanted lie on a grid of time, so that their mean rate is the one asked for.
        """
        wanted = self._turn() and at_s >= self._due_s
        if wanted:
            on_time = at_s - self._due_s < self._period_s
            self._due_s = (self._due_s if on_time else at_s) + self._period_s
        return wanted

    def delay_s(self, at_s: float) -> float:
        """Return how long a frame of a file has to wait; infinity for one that is left out."""
        if not self._turn():
            return float("inf")
        delay = max(0.0, self._due_s - at_s)
        self._due_s = at_s + delay + self._period_s
        return delay

    def _turn(self) -> bool:
        self._number += 1
        return (self._number - 1) % self._every == 0
