"""When a frame is due: at an interval of seconds or frames."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from edgecnn.errors import OptionError
from edgecnn.model.frame import Frame
from edgecnn.sources.address import Kind, kind_of

DEFAULT_S = 0.5


@dataclass(frozen=True)
class SamplingInterval:
    """The interval between two frames that are due."""

    step: float
    """In frames, or in seconds of the monotonic clock."""
    by_clock: bool = False
    """Whether the step is in seconds."""

    def __call__(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
        """Yield every frame, and whether it is due; the first one is due."""
        due_at = 0.0
        for frame, at in zip(frames, _clock() if self.by_clock else count(), strict=False):
            due = at >= due_at
            if due:  # after a stall, missed frames are skipped, not caught up
                due_at = self.step * (at // self.step + 1)
            yield frame, due


def plan_interval(every: str, source: str, fps: float) -> SamplingInterval:
    """Return the sampling interval for an `--every` option and a source.

    Args:
        every: Seconds like `0.5s`, or frames like `10`; empty: half a second, or every picture of a
            folder. For a video, seconds are those of its own time.
        source: As given to `open_source`.
        fps: Frames per second that the source claims; 0: unknown.

    Raises:
        OptionError: `every` cannot be parsed, or is in seconds and the source has no frame rate.
    """
    seconds, frames = _parse(every or ("1" if is_pictures(source) else f"{DEFAULT_S}s"))
    if frames:
        return SamplingInterval(frames)
    if is_live(source):
        return SamplingInterval(seconds, by_clock=True)
    if fps > 0 and not is_pictures(source):
        return SamplingInterval(seconds * fps)
    raise OptionError(f"{source} has no known frame rate", remedy="give --every in frames, like 10")


def is_pictures(source: str) -> bool:
    """Return whether a source is a picture or a folder of pictures."""
    return kind_of(source) is Kind.PICTURES


def is_live(source: str) -> bool:
    """Return whether a source runs in real time: cameras, streams and the test pattern do."""
    kind = kind_of(source)
    return kind.live or kind is Kind.PATTERN


def _clock() -> Iterator[float]:
    """Yield the seconds since the first call."""
    start = time.monotonic()
    while True:
        yield time.monotonic() - start


def _parse(every: str) -> tuple[float, int]:
    """Return seconds and frames; one of them is 0."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s|(\d+)", every, re.ASCII)
    seconds, frames = (float(match[1] or 0), int(match[2] or 0)) if match else (0.0, 0)
    if not seconds and not frames:
        raise OptionError(f"--every is {every!r}", remedy="give seconds like 0.5s, or frames: 10")
    return seconds, frames
