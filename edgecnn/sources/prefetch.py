"""A source that waits for its reader: frames are read ahead in a thread, and none is dropped."""

import math
import os
import time
from collections import deque
from contextlib import closing, suppress
from dataclasses import replace
from itertools import chain, repeat
from threading import Thread

from edgecnn.errors import EdgeError
from edgecnn.model.frame import Frame
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Counts, SourceEvent
from edgecnn.sources.file_source import FileSource
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.sampling import Sampler
from edgecnn.sources.stop import Stop

DEPTH = 4
"""Frames that are read ahead."""
BEHIND = DEPTH // 2
"""So many that wait tell that their reader has less time than the thread."""


class Prefetcher:
    """Reads frames while the reader works on earlier ones; a full ring makes it wait.

    Whoever of the two has time fits a frame, so that both are busy where both cores are.

    OpenCV decodes without Python's lock, so that a thread is enough. It reads regular files only:
    nothing else can let it wait for ever. A system call gives the lock away, and getting it back
    may take longer than the call: neither side makes one unless the other waits.
    """

    opening = False
    """It is open from the start."""

    def __init__(self, name: str, footage: FileSource, wanted: FrameRequest) -> None:
        self.name, self.facts, self.fps = name, footage.facts, footage.fps
        self.state = SourceEvent.LIVE
        self.over = False
        """Whether there is nothing more to take."""
        self._taken = 0
        self._wanted, self._sampler = wanted, Sampler(wanted.sampling)
        self._ring: deque[CapturedFrame | Exception | None] = deque()
        """None is the end."""
        self._cause: EdgeError | None = None
        # Not threading's: Ctrl-C may come while the reader holds a lock of theirs, for ever.
        self._room = os.eventfd(0, os.EFD_CLOEXEC)
        self._filled = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread_waits = self._reader_waits = False
        self._stop = Stop()
        self._thread = Thread(target=self._read, args=(footage,), name="read-ahead", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> Counts:
        """What it gave until now."""
        return Counts(self._taken)

    def files(self) -> list[int]:
        """Return the descriptors that are readable when there is something to do.

        Whoever asks is going to wait for them, until `step`.
        """
        self._reader_waits = True
        if self._ring:  # it came before the thread could see that somebody waits
            os.eventfd_write(self._filled, 1)
        return [self._filled]

    def due(self) -> float:
        """Return when `step` must be called: never, by the clock."""
        return math.inf

    def step(self) -> None:
        """Wait no longer: look what there is."""
        if self._reader_waits:
            self._reader_waits = False
            with suppress(BlockingIOError):
                os.eventfd_read(self._filled)

    def take(self) -> CapturedFrame | None:
        """Return the next frame if it is here."""
        if not self._ring:
            return None
        item = self._ring.popleft()
        if self._thread_waits:
            self._thread_waits = False
            os.eventfd_write(self._room, 1)
        if isinstance(item, CapturedFrame):
            self._taken += 1
            return item if item.fitted is not None else self._fitted(item)
        self.over = True
        if isinstance(item, EdgeError):
            self.state, self._cause = SourceEvent.FAILED, item
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

    def _read(self, footage: FileSource) -> None:
        end: Exception | None = None
        pictures = chain(footage.pictures, repeat(""))
        try:
            with closing(footage.frames) as frames:
                for frame in frames:
                    picture = next(pictures)
                    if self._is_wanted():
                        self._put(self._captured(frame, picture))
                    del frame  # the next one gets its memory, which is in the cache; zip keeps it
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

    def _captured(self, frame: Frame, picture: str) -> CapturedFrame:
        """Fit a frame here if the reader is behind; else it does, while the next is decoded."""
        captured = CapturedFrame(self.name, frame, None, time.monotonic_ns(), picture)
        return self._fitted(captured) if len(self._ring) >= BEHIND else captured

    def _fitted(self, captured: CapturedFrame) -> CapturedFrame:
        forms = self._wanted.forms(captured.frame_bgr)
        fitted = forms[0] if self._wanted.spec else None
        return replace(captured, frame_bgr=forms[-1], fitted=fitted)

    def _put(self, item: CapturedFrame | Exception | None) -> None:
        """Wait for room."""
        while len(self._ring) >= DEPTH and not self._stop.wanted:
            self._wait_for_room()
        self._ring.append(item)
        if self._reader_waits:
            os.eventfd_write(self._filled, 1)

    def _wait_for_room(self) -> None:
        self._thread_waits = True
        if len(self._ring) >= DEPTH:  # else the reader took one before it could see that
            os.eventfd_read(self._room)
