"""Passes frames from a capture process to its reader through shared memory, newest frame first.

There are three buffers: one belongs to the reader, one holds the newest frame, and one is being
written. A buffer changes owner only by a message or by a request for the next frame. Both go
through the kernel, so the data is complete and visible to the other process, no two processes ever
use one buffer at once, and no read has to be repeated.

A request adds one credit to a semaphore (eventfd(2)); the next published frame consumes it. It does
not wake the capture process: for a frame that already waits, the reader sends a notification too.
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
    """A shared memory file that grows with the frames written to it.

    Source: memfd_create(2). /dev/shm is too small in containers, and its files can be deleted.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = np.empty(0, np.uint8)

    def write(self, arrays: Sequence[Frame]) -> None:
        """Write uint8 arrays of any shapes, one after the other."""
        size = sum(array.nbytes for array in arrays)
        if self._memory.nbytes < size:
            os.ftruncate(self.descriptor, size)
            self._map(size)
        for part, array in zip(self._parts([array.shape for array in arrays]), arrays, strict=True):
            part[:] = array

    def read(self, shapes: Sequence[Sequence[int]]) -> list[Frame]:
        """Return copies of the uint8 arrays that were written, given their shapes."""
        size = sum(math.prod(shape) for shape in shapes)
        if self._memory.nbytes < size:
            self._map(size)
        return [part.copy() for part in self._parts(shapes)]

    def close(self) -> None:
        """Release the memory."""
        self._memory = np.empty(0, np.uint8)
        os.close(self.descriptor)

    def _map(self, size: int) -> None:
        self._memory = np.frombuffer(mmap.mmap(self.descriptor, size), np.uint8)

    def _parts(self, shapes: Sequence[Sequence[int]]) -> Iterator[Frame]:
        """Yield consecutive views of the memory with these shapes."""
        start = 0
        for shape in shapes:
            end = start + math.prod(shape)
            yield self._memory[start:end].reshape(shape)
            start = end


def make_buffers() -> list[FrameBuffer]:
    """Return new, empty buffers; messages name one by its index."""
    return [FrameBuffer(os.memfd_create("edgecnn-frame")) for _ in range(BUFFERS)]


def make_requests() -> int:
    """Return the descriptor of the semaphore that counts the reader's requests."""
    return os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE | os.EFD_CLOEXEC)


class FrameWriter:
    """The capture process's side: one thread publishes frames, another receives notifications.

    Args:
        buffers: The shared buffers; the first belongs to the reader at the start.
        requests: Descriptor of the request semaphore.
        send: Sends a message to the reader: `{"ready": stamp_ns}` or `{"frame": {...}}`.
    """

    def __init__(
        self, buffers: Sequence[FrameBuffer], requests: int, send: Callable[[Message], None]
    ) -> None:
        self._buffers, self._requests = buffers, requests
        self._send = send
        self._lock = Condition()
        self._reader_buffer = 0
        """Index of the buffer that belongs to the reader."""
        self._newest: tuple[int, Message] | None = None
        """Index and message of the newest frame that was not delivered."""
        self._announced = self._sending = False

    def publish(self, arrays: Sequence[Frame], facts: Message) -> None:
        """Make a frame the newest: deliver it if there is a request, else announce it once.

        Args:
            arrays: The frame's forms, uint8.
            facts: Sent with the frame; `stamp_ns` is required.
        """
        with self._lock:
            used = (self._reader_buffer, self._newest[0] if self._newest else self._reader_buffer)
            free = next(index for index in range(BUFFERS) if index not in used)
        self._buffers[free].write(arrays)
        shapes = [array.shape for array in arrays]
        with self._lock:
            self._newest = (free, {"buffer": free, "shapes": shapes, **facts})
            message = self._pop_if_requested()
            announced, self._announced = self._announced, message is None
        if message:
            self._deliver(message)
        elif not announced:
            self._send({"ready": facts["stamp_ns"]})

    def on_notification(self) -> None:
        """Deliver the newest frame if it is requested; without one, the request remains."""
        with self._lock:
            message = self._pop_if_requested()
        if message:
            self._deliver(message)

    def drain(self) -> None:
        """Wait until the newest frame has been delivered and its message sent."""
        with self._lock:
            self._lock.wait_for(lambda: self._newest is None and not self._sending)

    def _pop_if_requested(self) -> Message | None:
        """Remove and return the newest frame, if there is one and a request; the lock is held."""
        if self._newest is None or not self._consume_request():
            return None
        self._reader_buffer, message = self._newest
        self._newest, self._announced, self._sending = None, False, True
        return message

    def _consume_request(self) -> bool:
        try:
            return bool(os.eventfd_read(self._requests))
        except BlockingIOError:
            return False

    def _deliver(self, message: Message) -> None:
        self._send({"frame": message})
        with self._lock:
            self._sending = False
            self._lock.notify_all()
