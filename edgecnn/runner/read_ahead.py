"""A source that waits for its reader: frames are read ahead in a thread, and none is dropped."""

import math
import os
import time
from collections import deque
from collections.abc import Generator
from contextlib import closing
from threading import Semaphore, Thread

from edgecnn.errors import EdgeError
from edgecnn.frame import Frame, fit_frame
from edgecnn.runner.events import Counts, What
from edgecnn.runner.finite import Footage
from edgecnn.runner.shot import Shot
from edgecnn.spec import ModelSpec

DEPTH = 4
"""Frames that are read ahead."""


class ReadAhead:
    """Reads frames while the reader works on earlier ones; a full ring makes it wait.

    OpenCV decodes without Python's lock, so that a thread is enough. It reads regular files only:
    nothing else can let it wait for ever.
    """

    opening = False
    """It is open from the start."""

    def __init__(self, name: str, footage: Footage, spec: ModelSpec | None, *, whole: bool) -> None:
        self.name, self.facts, self.fps = name, footage.facts, footage.fps
        self.state = What.LIVE
        self.over = False
        """Whether there is nothing more to take."""
        self.counts = Counts()
        self._spec, self._whole = spec, whole
        self._ring: deque[tuple[Frame, int] | Exception | None] = deque()
        """Frames with the time when they had been read; None is the end."""
        self._cause: EdgeError | None = None
        self._room, self._stopping = Semaphore(DEPTH), False
        self._filled = os.eventfd(0, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = Thread(
            target=self._read, args=(footage.frames,), name="read-ahead", daemon=True
        )
        self._thread.start()

    def files(self) -> list[int]:
        """Return the descriptors that are readable when there is something to do."""
        return [self._filled]

    def due(self) -> float:
        """Return when `step` must be called: never, by the clock."""
        return math.inf

    def step(self) -> None:
        """Do nothing: the thread does."""

    def take(self) -> Shot | None:
        """Return the next frame if it is here."""
        try:
            os.eventfd_read(self._filled)
        except BlockingIOError:
            return None
        item = self._ring.popleft()
        self._room.release()
        if isinstance(item, tuple):
            self.counts = Counts(self.counts.frames + 1)
            return self._shot(*item)
        self.over = True
        if isinstance(item, EdgeError):
            self.state, self._cause = What.FAILED, item
        elif item is not None:
            raise item
        return None

    def failure(self) -> EdgeError:
        """Return why it failed."""
        assert self._cause is not None
        return self._cause

    def close(self) -> None:
        """Stop the thread and release the source."""
        self._stopping = True
        self._room.release()
        self._thread.join()
        os.close(self._filled)

    def _read(self, frames: Generator[Frame, None, None]) -> None:
        end: Exception | None = None
        try:
            with closing(frames):
                for frame in frames:
                    if not self._put((frame, time.monotonic_ns())):
                        return
        except Exception as error:  # it is raised where frames are taken
            end = error
        self._put(end)

    def _shot(self, frame: Frame, stamp_ns: int) -> Shot:
        """Fit a frame where it is taken: decoding is what takes longest, and it shall not wait."""
        fitted = fit_frame(frame, self._spec) if self._spec else None
        kept = frame if self._whole or fitted is None else fitted
        return Shot(self.name, kept, fitted, stamp_ns)

    def _put(self, item: tuple[Frame, int] | Exception | None) -> bool:
        """Wait for room; tell whether the source is still wanted."""
        self._room.acquire()
        if self._stopping:
            return False
        self._ring.append(item)
        os.eventfd_write(self._filled, 1)
        return True
