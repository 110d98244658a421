"""A pause between two frames, started and ended by another thread."""

import time

from edgecnn.sources.stop import Stop

POLL_S = 0.05
"""Interval at which a paused reader checks whether the pause has ended."""


class Pause:
    """A pause switch: any thread may set `requested`, the reader calls `wait`."""

    def __init__(self) -> None:
        self.requested = False

    def wait(self, stop: Stop | None) -> None:
        """Block while the pause is requested, or until a stop is requested."""
        while self.requested and not (stop and stop.requested):
            if stop:
                stop.wait(POLL_S)
            else:
                time.sleep(POLL_S)
