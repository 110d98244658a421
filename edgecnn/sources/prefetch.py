"""Reads a file source ahead in a thread; the thread waits for the reader, so no frame is lost."""

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
"""Capacity of the queue, in frames."""
BUSY_DEPTH = DEPTH // 2
"""With so many frames in the queue, the reader is the busier side and the thread does the fitting.
"""


class Prefetcher:
    """Decodes frames in a thread while the reader works on earlier ones; a full queue blocks it.

    The less busy side does the fitting, so that two cores are used evenly.

    A thread is enough: OpenCV decodes without holding the GIL, and regular files cannot block
    forever. A system call releases the GIL, and taking it back can cost more than the call itself;
    therefore each side signals the other only when the other is waiting.
    """

    opening = False
    """A file source is open as soon as it exists."""

    def __init__(self, name: str, source: FileSource, request: FrameRequest) -> None:
        self.name, self.facts, self.fps = name, source.facts, source.fps
        self.state = SourceEvent.LIVE
        self.over = False
        """Whether all frames have been taken."""
        self._taken = 0
        self._request, self._sampler = request, Sampler(request.sampling)
        self._queue: deque[CapturedFrame | Exception | None] = deque()
        """An exception or None ends it."""
        self._cause: EdgeError | None = None
        # Not threading's locks: Ctrl-C while the reader holds one would leave it locked forever.
        self._space_event = os.eventfd(0, os.EFD_CLOEXEC)
        self._frame_event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread_waits = self._reader_waits = False
        self._stop = Stop()
        self._thread = Thread(target=self._read, args=(source,), name="prefetch", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> Counts:
        """The frames taken so far."""
        return Counts(self._taken)

    def descriptors(self) -> list[int]:
        """Return the descriptors to poll; from now until `step` the thread signals new frames."""
        self._reader_waits = True
        if self._queue:  # a frame that was added before the thread could see the flag
            os.eventfd_write(self._frame_event, 1)
        return [self._frame_event]

    def due(self) -> float:
        """Return when `step` must be called without an event: never."""
        return math.inf

    def step(self) -> None:
        """End the waiting that `descriptors` began."""
        if self._reader_waits:
            self._reader_waits = False
            with suppress(BlockingIOError):
                os.eventfd_read(self._frame_event)

    def take(self) -> CapturedFrame | None:
        """Return the next frame, or None if the queue is empty or the source has ended."""
        if not self._queue:
            return None
        item = self._queue.popleft()
        if self._thread_waits:
            self._thread_waits = False
            os.eventfd_write(self._space_event, 1)
        if isinstance(item, CapturedFrame):
            self._taken += 1
            return item if item.fitted is not None else self._fit(item)
        self.over = True
        if isinstance(item, EdgeError):
            self.state, self._cause = SourceEvent.FAILED, item
        elif item is not None:
            raise item
        return None

    def failure(self) -> EdgeError:
        """Return the error that ended a failed source."""
        assert self._cause is not None
        return self._cause

    def release(self) -> None:
        """Ask the thread to stop and release the source, without waiting for it."""
        self._stop.request()
        os.eventfd_write(self._space_event, 1)

    def close(self) -> None:
        """Stop the thread, wait for it, and release the source."""
        self.release()
        self._thread.join()
        os.close(self._frame_event)
        os.close(self._space_event)
        self._stop.close()

    def _read(self, source: FileSource) -> None:
        """Fill the queue; an error is raised later, where frames are taken."""
        end: Exception | None = None
        pictures = chain(source.pictures, repeat(""))
        try:
            with closing(source.frames) as frames:
                for frame in frames:
                    picture = next(pictures)
                    if self._wait_if_sampled():
                        self._put(self._capture(frame, picture))
                    # Not zip, which keeps a reference: the next frame reuses this one's memory,
                    # which is in the CPU's cache.
                    del frame
                    if self._stop.requested:
                        return
        except Exception as error:
            end = error
        self._put(end)

    def _wait_if_sampled(self) -> bool:
        """Return whether this frame is sampled, after waiting until it is due."""
        delay_s = self._sampler.delay_s(time.monotonic())
        if 0 < delay_s < math.inf:
            self._stop.wait(delay_s)
        return delay_s < math.inf

    def _capture(self, frame: Frame, picture: str) -> CapturedFrame:
        """Fit a frame here if the reader is busier than this thread; else the reader fits it."""
        captured = CapturedFrame(self.name, frame, None, time.monotonic_ns(), picture)
        return self._fit(captured) if len(self._queue) >= BUSY_DEPTH else captured

    def _fit(self, captured: CapturedFrame) -> CapturedFrame:
        forms = self._request.forms(captured.frame_bgr)
        fitted = forms[0] if self._request.spec else None
        return replace(captured, frame_bgr=forms[-1], fitted=fitted)

    def _put(self, item: CapturedFrame | Exception | None) -> None:
        """Append to the queue, after waiting for space."""
        while len(self._queue) >= DEPTH and not self._stop.requested:
            self._thread_waits = True
            if len(self._queue) >= DEPTH:  # the reader may have taken one before it saw the flag
                os.eventfd_read(self._space_event)
        self._queue.append(item)
        if self._reader_waits:
            os.eventfd_write(self._frame_event, 1)
