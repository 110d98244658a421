"""A stop request that threads can check, wait for, and poll together with other descriptors."""

import math
import os
import select


class Stop:
    """A stop flag, set once from any thread or signal handler; it is pollable and lock-free."""

    def __init__(self) -> None:
        self.requested = False
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def request(self) -> None:
        """Request the stop."""
        if self._descriptor >= 0:
            os.eventfd_write(self._descriptor, 1)
        self.requested = True  # last: the waiting thread may then close the descriptor

    def fileno(self) -> int:
        """Return the descriptor to poll; it becomes readable when a stop is requested."""
        return self._descriptor

    def wait(self, seconds: float = math.inf) -> bool:
        """Wait for a request, at most `seconds`; return whether there is one."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        limit_ms = None if math.isinf(seconds) else max(0, math.ceil(seconds * 1000))
        return bool(poll.poll(limit_ms)) or self.requested

    def close(self) -> None:
        """Close the descriptor; no thread may wait for it any more."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()
