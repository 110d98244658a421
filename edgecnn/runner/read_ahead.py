"""A source that waits for its reader: frames are read ahead in a thread, and none is dropped."""

import math
import os
import time
from collections import deque
from contextlib import closing
from dataclasses import replace
from itertools import chain, repeat
from threading import Thread

from edgecnn.errors import EdgeError
from edgecnn.frame import Frame
from edgecnn.memory import keep_freed_memory
from edgecnn.runner.events import Counts, What
from edgecnn.runner.finite import Footage
from edgecnn.runner.sampling import Sampler
from edgecnn.runner.shot import Shot
from edgecnn.runner.stop import Stop
from edgecnn.runner.wanted import Wanted

DEPTH = 4
"""Frames that are read ahead."""
BEHIND = DEPTH // 2
"""So many that wait tell that their reader has less time than the thread."""


class ReadAhead:
    """Reads frames while the reader works on earlier ones; a full ring makes it wait.

    Whoever of the two has time fits a frame, so that both are busy where both cores are.

    OpenCV decodes without Python's lock, so that a thread is enough. It reads regular files only:
    nothing else can let it wait for ever.
    """

    opening = False
    """It is open from the start."""

    def __init__(self, name: str, footage: Footage, wanted: Wanted) -> None:
        self.name, self.facts, self.fps = name, footage.facts, footage.fps
        self.state = What.LIVE
        self.over = False
        """Whether there is nothing more to take."""
        self.counts = Counts()
        self._wanted, self._sampler = wanted, Sampler(wanted.sampling)
        self._ring: deque[Shot | Exception | None] = deque()
        """None is the end."""
        self._cause: EdgeError | None = None
        # Not threading's: Ctrl-C may come while the reader holds a lock of theirs, for ever.
        self._room = os.eventfd(DEPTH, os.EFD_SEMAPHORE | os.EFD_CLOEXEC)
        self._filled = os.eventfd(0, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stop = Stop()
        keep_freed_memory()
        self._thread = Thread(target=self._read, args=(footage,), name="read-ahead", daemon=True)
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
        os.eventfd_write(self._room, 1)
        if isinstance(item, Shot):
            self.counts = Counts(self.counts.frames + 1)
            return item if item.fitted is not None else self._fitted(item)
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

    def let_go(self) -> None:
        """Let the thread stop and release the source, without waiting for it."""
        self._stop.ask()
        os.eventfd_write(self._room, 1)

    def close(self) -> None:
        """Stop the thread and release the source."""
        self.let_go()
        self._thread.join()
        os.close(self._filled)
        os.close(self._room)
        self._stop.close()

    def _read(self, footage: Footage) -> None:
        end: Exception | None = None
        pictures = chain(footage.pictures, repeat(""))
        try:
            with closing(footage.frames) as frames:
                for frame, picture in zip(frames, pictures, strict=False):
                    if self._is_wanted():
                        self._put(self._shot(frame, picture))
                    if self._stop.wanted:
                        return
        except Exception as error:  # it is raised where frames are taken
            end = error
        self._put(end)

    def _is_wanted(self) -> bool:
        """Tell whether this frame is not left out; wait until it is time for it."""
        delay_s = self._sampler.delay_s(time.monotonic())
        if 0 < delay_s < math.inf:
            self._stop.wait(delay_s)
        return delay_s < math.inf

    def _shot(self, frame: Frame, picture: str) -> Shot:
        """Fit a frame here if the reader is behind; else it does, while the next is decoded."""
        shot = Shot(self.name, frame, None, time.monotonic_ns(), picture)
        return self._fitted(shot) if len(self._ring) >= BEHIND else shot

    def _fitted(self, shot: Shot) -> Shot:
        forms = self._wanted.forms(shot.frame_bgr)
        fitted = forms[0] if self._wanted.spec else None
        return replace(shot, frame_bgr=forms[-1], fitted=fitted)

    def _put(self, item: Shot | Exception | None) -> None:
        """Wait for room."""
        os.eventfd_read(self._room)
        self._ring.append(item)
        os.eventfd_write(self._filled, 1)
