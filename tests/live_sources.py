"""What tests of live sources share: a log of events, time limits, and commands that give frames."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from edgecnn.sources.capture import CaptureOptions, Source, open_source
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.live.connection import Patience
from edgecnn.sources.live.feed import LiveFeed

CALM = Patience(open_s=60.0, give_up_s=60.0, doubt_s=0.2)
QUICK = replace(CALM, stall_s=1.0)
NOISE = """
import sys, time, numpy as np
while True:
    sys.stdout.buffer.write(np.random.bytes(64 * 48 * 3))
    sys.stdout.flush()
    time.sleep({})
"""


class EventLog(list[Event]):
    """The events that a source reported."""

    @property
    def kinds(self) -> list[SourceEvent]:
        """Which events, in order."""
        return [event.what for event in self]

    @property
    def states(self) -> list[SourceEvent]:
        """The states of the connection, in order."""
        return [what for what in self.kinds if what.value.isupper()]

    def options(self, **given: object) -> CaptureOptions:
        """Return options that log events here."""
        return CaptureOptions(**{"patience": CALM, "on_event": self.append, **given})  # type: ignore[arg-type]


def noise_command(folder: Path, period_s: float = 0.02, pixel_format: str = "bgr24") -> str:
    """Return a source: a command that writes 64x48 frames of noise forever."""
    (folder / "noise.py").write_text(NOISE.format(period_s))
    return f"exec:64x48:{pixel_format}:{sys.executable} {folder / 'noise.py'}"


def frames_of(source: str, options: CaptureOptions) -> Iterator[CapturedFrame]:
    """Open a source and yield its frames."""
    with open_source(source, options) as opened:
        yield from opened.captured_frames()


def until(source: Source, done: Callable[[CapturedFrame], bool]) -> CapturedFrame:
    """Return the first frame that is as it should be; the source's patience ends a vain wait."""
    return next(captured for captured in source.captured_frames() if done(captured))


def capture_pid(source: Source) -> int:
    """Return the id of the capture process of a source's first feed."""
    feed = source._feeds[0]
    assert isinstance(feed, LiveFeed)
    assert feed._process is not None
    return feed._process.pid


def soon(holds: Callable[[], bool]) -> bool:
    """Wait until a condition holds, for a minute at most; return whether it did."""
    for _ in range(3000):
        if holds():
            return True
        time.sleep(0.02)
    return False
