"""A wish to stop, which one thread has and others see, also while they wait for files."""

import math
import os
import select


class Stop:
    """Set once, from any thread or signal handler; it is pollable, and takes no lock."""

    def __init__(self) -> None:
        self.wanted = False
        self._file = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def ask(self) -> None:
        """Ask to stop."""
        if self._file >= 0:
            os.eventfd_write(self._file, 1)
        self.wanted = True  # last: who waits for it may then close the file

    def fileno(self) -> int:
        """Return what to poll: it is readable once the wish is there."""
        return self._file

    def wait(self, seconds: float = math.inf) -> bool:
        """Wait until it is wanted, but not longer than that; tell whether it is."""
        poll = select.poll()
        poll.register(self._file, select.POLLIN)
        limit_ms = None if math.isinf(seconds) else max(0, math.ceil(seconds * 1000))
        return bool(poll.poll(limit_ms)) or self.wanted

    def close(self) -> None:
        """Give the descriptor back; nobody may wait for it any more."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def __del__(self) -> None:
        self.close()
