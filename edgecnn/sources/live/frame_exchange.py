"""Frames from a capture process to its reader: the newest one is lent, never torn.

Of three buffers of shared memory one is lent to the reader, one holds the newest frame and one is
being written. A buffer changes hands only through the kernel, lent with a message and returned with
a request for the next, so that what it holds is whole and visible: there is nothing to retry and no
moment at which both sides touch one buffer.

A request is a count (eventfd(2)), which a frame takes with it when it comes. It wakes nobody: for a
frame that is already there, the reader rings too.
"""

import math
import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from threading import Condition
from typing import Any

import numpy as np

from edgecnn.model.frame import Frame

BUFFERS = 3
Message = dict[str, Any]


class FrameBuffer:
    """A memory file that grows with the frames written to it.

    Source: memfd_create(2). /dev/shm is too small in containers, and its files can be deleted.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = np.empty(0, np.uint8)

    def write(self, arrays: Sequence[Frame]) -> None:
        """Write uint8 arrays one after the other."""
        size = sum(array.nbytes for array in arrays)
        if self._memory.nbytes < size:
            os.ftruncate(self.descriptor, size)
            self._map(size)
        for part, array in zip(self._parts([array.shape for array in arrays]), arrays, strict=True):
            part[:] = array

    def read(self, shapes: Sequence[Sequence[int]]) -> list[Frame]:
        """Return copies of the arrays that were written, given their shapes."""
        size = sum(math.prod(shape) for shape in shapes)
        if self._memory.nbytes < size:
            self._map(size)
        return [part.copy() for part in self._parts(shapes)]

    def close(self) -> None:
        """Give the memory back."""
        self._memory = np.empty(0, np.uint8)
        os.close(self.descriptor)

    def _map(self, size: int) -> None:
        self._memory = np.frombuffer(mmap.mmap(self.descriptor, size), np.uint8)

    def _parts(self, shapes: Sequence[Sequence[int]]) -> Iterator[Frame]:
        """Yield views of the memory, one after the other."""
        place = 0
        for shape in shapes:
            end = place + math.prod(shape)
            yield self._memory[place:end].reshape(shape)
            place = end


def make_buffers() -> list[FrameBuffer]:
    """Return new, empty buffers; what is announced of one is its index."""
    return [FrameBuffer(os.memfd_create("edgecnn-frame")) for _ in range(BUFFERS)]


def make_requests() -> int:
    """Return a descriptor through which a reader requests for frames, one for each count."""
    return os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE | os.EFD_CLOEXEC)


class FrameWriter:
    """The lending side: one thread publishes frames, another hears the reader ring."""

    def __init__(
        self, buffers: Sequence[FrameBuffer], requests: int, send: Callable[[Message], None]
    ) -> None:
        self._buffers, self._requests = buffers, requests
        self._send = send
        self._lock = Condition()
        self._lent = 0
        self._newest: tuple[int, Message] | None = None
        self._announced = self._sending = False

    def publish(self, arrays: Sequence[Frame], facts: Message) -> None:
        """Make a frame the newest: lend it to a reader that requests for it, else tell it once."""
        with self._lock:
            taken = (self._lent, self._newest[0] if self._newest else self._lent)
            free = next(index for index in range(BUFFERS) if index not in taken)
        self._buffers[free].write(arrays)
        shapes = [array.shape for array in arrays]
        with self._lock:
            self._newest = (free, {"buffer": free, "shapes": shapes, **facts})
            lent = self._hand_out()
            announced, self._announced = self._announced, lent is None
        if lent:
            self._pass(lent)
        elif not announced:
            self._send({"ready": facts["stamp_ns"]})

    def answer(self) -> None:
        """Lend the newest frame to a reader that rang, which has returned the one before.

        If there is none since, its request stays for the next.
        """
        with self._lock:
            lent = self._hand_out()
        if lent:
            self._pass(lent)

    def drain(self) -> None:
        """Wait until the newest frame was lent, and its message is on its way."""
        with self._lock:
            self._lock.wait_for(lambda: self._newest is None and not self._sending)

    def _hand_out(self) -> Message | None:
        """Take the newest frame away if there is one, and a request for it; the lock is held."""
        if self._newest is None or not self._requested():
            return None
        self._lent, message = self._newest
        self._newest, self._announced, self._sending = None, False, True
        return message

    def _requested(self) -> bool:
        """Take one request, if there is one."""
        try:
            return bool(os.eventfd_read(self._requests))
        except BlockingIOError:
            return False

    def _pass(self, message: Message) -> None:
        self._send({"frame": message})
        with self._lock:
            self._sending = False
            self._lock.notify_all()
