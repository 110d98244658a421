"""Frame rate, latency and age of one source over the last minute."""

from collections import deque
from dataclasses import dataclass

STEP_S, SPAN_S = 0.1, 60.0
RATE_S = 3.0
"""The frame rate is averaged over this time."""


@dataclass
class Step:
    """The frames of a tenth of a second."""

    index: int
    """The time, in steps of the monotonic clock."""
    frames: int = 0
    latency_ms: float = 0.0
    """The longest latency."""
    age_ms: float = 0.0
    """The highest age."""


class History:
    """The steps that have frames, in a bounded queue.

    One thread adds steps; another one reads a copy, which the interpreter makes atomically.
    """

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=round(SPAN_S / STEP_S))
        self._first_s: float | None = None

    def add(self, at_s: float, latency_ms: float, age_ms: float) -> None:
        """Add a frame.

        Args:
            at_s: When it came, by the monotonic clock.
            latency_ms: Of its prediction.
            age_ms: See `Result.age_ms`.
        """
        index = int(at_s / STEP_S)
        if not self._steps or self._steps[-1].index != index:
            self._steps.append(Step(index))
            self._first_s = at_s if self._first_s is None else self._first_s
        step = self._steps[-1]
        step.frames += 1
        step.latency_ms = max(step.latency_ms, latency_ms)
        step.age_ms = max(step.age_ms, age_ms)

    def fps(self, now_s: float) -> float:
        """Return the frame rate of the last three seconds, frames/s."""
        if self._first_s is None:
            return 0.0
        now = int(now_s / STEP_S)
        since = now - round(RATE_S / STEP_S)
        frames = sum(step.frames for step in tuple(self._steps) if since <= step.index < now)
        span_s = min(RATE_S, max(STEP_S, now_s - self._first_s))
        return frames / span_s

    def newest(self, now_s: float) -> Step | None:
        """Return the newest complete step, unless it is older than a second."""
        now = int(now_s / STEP_S)
        for step in reversed(tuple(self._steps)):
            if step.index < now:
                return step if step.index >= now - round(1 / STEP_S) else None
        return None

    def points(self, now_s: float) -> list[tuple[float, float, float]]:
        """Return (seconds ago, latency in ms, age in ms) for the last minute, oldest first."""
        ages = ((now_s - step.index * STEP_S, step) for step in tuple(self._steps))
        return [
            (round(ago_s, 2), round(step.latency_ms, 3), round(step.age_ms, 2))
            for ago_s, step in ages
            if ago_s <= SPAN_S
        ]
