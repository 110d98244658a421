"""The last minute of one source: how fast, how old."""

from collections import deque
from dataclasses import dataclass

STEP_S, SPAN_S = 0.1, 60.0
RATE_S = 3.0
"""The frame rate is that of so many seconds."""


@dataclass
class Step:
    """What came within a tenth of a second."""

    index: int
    """When, in steps since the clock's zero."""
    frames: int = 0
    latency_ms: float = 0.0
    """The longest."""
    age_ms: float = 0.0
    """The oldest."""


class History:
    """Steps with frames, the newest last: bounded, however fast frames come.

    One thread adds, another reads a copy, which is made in one step of the interpreter.
    """

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=round(SPAN_S / STEP_S))
        self._first_s: float | None = None

    def add(self, at_s: float, latency_ms: float, age_ms: float) -> None:
        """Count a frame that came at `at_s`, by the monotonic clock."""
        index = int(at_s / STEP_S)
        if not self._steps or self._steps[-1].index != index:
            self._steps.append(Step(index))
            self._first_s = at_s if self._first_s is None else self._first_s
        step = self._steps[-1]
        step.frames += 1
        step.latency_ms = max(step.latency_ms, latency_ms)
        step.age_ms = max(step.age_ms, age_ms)

    def fps(self, now_s: float) -> float:
        """Return the frames a second of the last three seconds."""
        if self._first_s is None:
            return 0.0
        now = int(now_s / STEP_S)
        since = now - round(RATE_S / STEP_S)
        frames = sum(step.frames for step in tuple(self._steps) if since <= step.index < now)
        span_s = min(RATE_S, max(STEP_S, now_s - self._first_s))
        return frames / span_s

    def newest(self, now_s: float) -> Step | None:
        """Return the newest step that is whole, if it is not older than a second."""
        now = int(now_s / STEP_S)
        for step in reversed(tuple(self._steps)):
            if step.index < now:
                return step if step.index >= now - round(1 / STEP_S) else None
        return None

    def points(self, now_s: float) -> list[tuple[float, float, float]]:
        """Return (seconds ago, latency in ms, age in ms) of the last minute, oldest first."""
        ages = ((now_s - step.index * STEP_S, step) for step in tuple(self._steps))
        return [
            (round(ago_s, 2), round(step.latency_ms, 3), round(step.age_ms, 2))
            for ago_s, step in ages
            if ago_s <= SPAN_S
        ]
