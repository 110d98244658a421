"""Detects problems of a live source: frozen, obstructed or corrupt pictures, a new size or rate."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from edgecnn.errors import SourceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.sources.events import SourceEvent

GRID = 32
"""About so many pixels of each row and column are compared."""
MIN_SPREAD = 4.0
"""Standard deviation of pixel levels (0 to 255) below which a picture counts as obstructed."""
INSPECTIONS = 25
"""Inspections within `doubt_s`."""
RATE_TOLERANCE = 0.2
"""Relative difference from the claimed frame rate that is not reported."""
CORRUPT_WINDOW_S, CORRUPT_MIN_PICTURES = 10.0, 10

Note = tuple[SourceEvent, str]
"""A problem, or its end, and its details."""


@dataclass
class Health:
    """Inspects the pictures of one connection as they arrive."""

    doubt_s: float
    """How long pictures must be frozen or obstructed before that is reported, in seconds."""
    claimed_fps: float = 0.0
    """Frames a second as the source claims; 0: no claim, or compared already."""
    _shape: tuple[int, ...] = ()
    _sample: bytes = b""
    _inspected_s: float = -math.inf
    _changed_s: float = 0.0
    _clear_s: float = 0.0
    _reported: SourceEvent = SourceEvent.SEEING
    _start_s: float = 0.0
    _frames: int = 0
    _recent: deque[tuple[float, bool]] = field(default_factory=deque)
    """Time of each recent picture, and whether it was corrupt."""
    _corrupt: bool = False

    def see(self, frame: Frame, at_s: float) -> list[Note]:
        """Return the changes that an (H, W, 3) uint8 frame, read at `at_s` seconds, shows."""
        self._check_corrupt_share(at_s, corrupt=False)
        if not self._frames:
            self._changed_s = self._clear_s = self._start_s = at_s
        notes = [*self._size(frame), *self._inspect(frame, at_s), *self._rate(at_s)]
        self._frames += 1
        return notes

    def see_corrupt(self, at_s: float) -> list[Note]:
        """Return what a picture that could not be decoded, read at `at_s` seconds, changes.

        Raises:
            SourceError: More than half of the pictures of the last ten seconds were corrupt.
        """
        self._check_corrupt_share(at_s, corrupt=True)
        if self._corrupt:
            return []
        self._corrupt = True
        return [(SourceEvent.CORRUPT, "a picture cannot be decoded; they are counted")]

    def _size(self, frame: Frame) -> list[Note]:
        before, self._shape = self._shape, frame.shape
        if not before or before == frame.shape:
            return []
        detail = f"{before[1]}x{before[0]} became {frame.shape[1]}x{frame.shape[0]}"
        return [(SourceEvent.RESIZED, detail)]

    def _inspect(self, frame: Frame, at_s: float) -> list[Note]:
        if at_s - self._inspected_s < self.doubt_s / INSPECTIONS:
            return []
        self._inspected_s = at_s
        height, width = frame.shape[:2]
        sample = frame[:: max(1, height // GRID), :: max(1, width // GRID)].tobytes()
        mean, spread = _mean_and_spread(sample)
        if sample != self._sample:
            self._sample, self._changed_s = sample, at_s
        if spread >= MIN_SPREAD:
            self._clear_s = at_s
        state, detail = self._state(at_s, mean)
        reported, self._reported = self._reported, state
        return [] if state is reported else [(state, detail)]

    def _state(self, at_s: float, mean: float) -> Note:
        if at_s - self._clear_s >= self.doubt_s:
            shade = "black" if mean < 32 else "white" if mean > 223 else "of one shade"
            return SourceEvent.OBSTRUCTED, f"the picture is {shade}: is the lens covered?"
        if at_s - self._changed_s >= self.doubt_s:
            return SourceEvent.FROZEN, f"the same picture for {self.doubt_s:g} s"
        return SourceEvent.SEEING, "the picture shows something again"

    def _rate(self, at_s: float) -> list[Note]:
        """Compare the rate of the first seconds with the claimed one, once."""
        if not self.claimed_fps or at_s - self._start_s < self.doubt_s:
            return []
        fps, claimed = self._frames / (at_s - self._start_s), self.claimed_fps
        self.claimed_fps = 0.0
        if abs(fps - claimed) <= RATE_TOLERANCE * claimed:
            return []
        return [(SourceEvent.RATE, f"claims {claimed:g} frames/s, gives {fps:.3g}")]

    def _check_corrupt_share(self, at_s: float, *, corrupt: bool) -> None:
        self._recent.append((at_s, corrupt))
        while self._recent[0][0] < at_s - CORRUPT_WINDOW_S:
            self._recent.popleft()
        count = sum(is_corrupt for _, is_corrupt in self._recent) if corrupt else 0
        if count > max(CORRUPT_MIN_PICTURES, len(self._recent)) / 2:
            raise SourceError(
                f"{count} of the last {len(self._recent)} pictures were corrupt",
                remedy="check cable and network",
            )


def _mean_and_spread(levels: bytes) -> tuple[float, float]:
    """Return mean and standard deviation; OpenCV is ten times as fast as numpy here."""
    mean, spread = cv2.meanStdDev(np.frombuffer(levels, np.uint8).reshape(-1, 1))
    return float(mean[0, 0]), float(spread[0, 0])
