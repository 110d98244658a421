"""What is odd about a live source: frozen, obstructed or corrupt pictures, another size or rate."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from edgecnn.errors import SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.sources.events import SourceEvent

GRID = 32
"""Pixels of each row and column that are looked at."""
MIN_SPREAD = 4.0
"""Standard deviation, in levels of 255, below which a picture shows nothing."""
LOOKS = 25
"""How often a picture is looked at in the time that it must be odd."""
RATE_TOLERANCE = 0.2
SPOILED_S, SPOILED_LEAST = 10.0, 10

Note = tuple[SourceEvent, str]


@dataclass
class Health:
    """Watches the pictures of one connection as they come."""

    doubt_s: float
    """How long a picture must be odd before it is told."""
    claimed_fps: float = 0.0
    _shape: tuple[int, ...] = ()
    _sample: bytes = b""
    _looked_s: float = -math.inf
    _changed_s: float = 0.0
    _seen_s: float = 0.0
    _told: SourceEvent = SourceEvent.SEEING
    _rate_from: tuple[int, float] = (0, 0.0)
    _frames: int = 0
    _spoiled: deque[tuple[float, bool]] = field(default_factory=deque)
    _corrupt: bool = False

    def see(self, frame: Frame, at_s: float) -> list[Note]:
        """Return what has changed with a frame that was read at `at_s`."""
        self._judge_spoiled(at_s, bad=False)
        if not self._frames:
            self._changed_s = self._seen_s = at_s
            self._rate_from = (0, at_s)
        notes = [*self._size(frame), *self._look(frame, at_s), *self._rate(at_s)]
        self._frames += 1
        return notes

    def see_corrupt(self, at_s: float) -> list[Note]:
        """Return what is to be told of a picture that could not be decoded.

        Raises:
            SourceError: More than half of the last ten seconds' pictures were corrupt.
        """
        self._judge_spoiled(at_s, bad=True)
        told, self._corrupt = self._corrupt, True
        return (
            [] if told else [(SourceEvent.CORRUPT, "a picture cannot be decoded; they are counted")]
        )

    def _size(self, frame: Frame) -> list[Note]:
        before, self._shape = self._shape, frame.shape
        if not before or before == frame.shape:
            return []
        return [
            (
                SourceEvent.RESIZED,
                f"{before[1]}x{before[0]} became {frame.shape[1]}x{frame.shape[0]}",
            )
        ]

    def _look(self, frame: Frame, at_s: float) -> list[Note]:
        if at_s - self._looked_s < self.doubt_s / LOOKS:
            return []
        self._looked_s = at_s
        height, width = frame.shape[:2]
        sample = frame[:: max(1, height // GRID), :: max(1, width // GRID)].tobytes()
        mean, spread = _mean_and_spread(sample)
        if sample != self._sample:
            self._sample, self._changed_s = sample, at_s
        if spread >= MIN_SPREAD:
            self._seen_s = at_s
        state, detail = self._state(at_s, mean)
        told, self._told = self._told, state
        return [] if state is told else [(state, detail)]

    def _state(self, at_s: float, mean: float) -> Note:
        if at_s - self._seen_s >= self.doubt_s:
            shade = "black" if mean < 32 else "white" if mean > 223 else "of one shade"
            return SourceEvent.OBSTRUCTED, f"the picture is {shade}: is the lens covered?"
        if at_s - self._changed_s >= self.doubt_s:
            return SourceEvent.FROZEN, f"the same picture for {self.doubt_s:g} s"
        return SourceEvent.SEEING, "the picture shows something again"

    def _rate(self, at_s: float) -> list[Note]:
        """Compare the first seconds with the claim, once."""
        number, start_s = self._rate_from
        if not self.claimed_fps or at_s - start_s < self.doubt_s:
            return []
        fps, claimed = (self._frames - number) / (at_s - start_s), self.claimed_fps
        self.claimed_fps = 0.0
        if abs(fps - claimed) <= RATE_TOLERANCE * claimed:
            return []
        return [(SourceEvent.RATE, f"claims {claimed:g} frames/s, gives {fps:.3g}")]

    def _judge_spoiled(self, at_s: float, *, bad: bool) -> None:
        self._spoiled.append((at_s, bad))
        while self._spoiled[0][0] < at_s - SPOILED_S:
            self._spoiled.popleft()
        count = sum(spoiled for _, spoiled in self._spoiled) if bad else 0
        if count > max(SPOILED_LEAST, len(self._spoiled)) / 2:
            raise SourceError(
                f"{count} of the last {len(self._spoiled)} pictures were corrupt",
                remedy="check cable and network",
            )


def _mean_and_spread(levels: bytes) -> tuple[float, float]:
    """Return mean and standard deviation: OpenCV takes a tenth of numpy's time for so few."""
    mean, spread = cv2.meanStdDev(np.frombuffer(levels, np.uint8).reshape(-1, 1))
    return float(mean[0, 0]), float(spread[0, 0])
