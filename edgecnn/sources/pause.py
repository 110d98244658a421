"""A rest between two frames, which another thread asks for and ends."""

import time

from edgecnn.sources.stop import Stop

LOOK_S = 0.05
"""How often it is looked whether the rest is over."""


class Pause:
    """Whether the next frame is to wait; set `wanted` from any thread."""

    def __init__(self) -> None:
        self.wanted = False

    def rest(self, stop: Stop | None) -> None:
        """Wait as long as it is wanted, or until the work is to stop."""
        while self.wanted and not (stop and stop.wanted):
            if stop:
                stop.wait(LOOK_S)
            else:
                time.sleep(LOOK_S)
