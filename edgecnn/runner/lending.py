"""Frames from a capture process to its reader: the newest one is lent, never torn.

Of three sheets of shared memory one is lent to the reader, one holds the newest frame and one is
being written. A sheet changes hands only with a message through a pipe, so that what it holds is
whole and visible: there is nothing to retry and no moment at which both sides touch one sheet.
"""

import mmap
import os
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Any

import numpy as np

from edgecnn.frame import Frame

SHEETS = 3
Message = dict[str, Any]


class Sheet:
    """A memory file that grows with the frames written to it.

    Source: memfd_create(2). /dev/shm is too small in containers, and its files can be deleted.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map: mmap.mmap | None = None

    def write(self, arrays: Sequence[Frame]) -> None:
        """Write uint8 arrays one after the other."""
        size = sum(array.nbytes for array in arrays)
        if os.fstat(self.descriptor).st_size < size:
            os.ftruncate(self.descriptor, size)
        place, memory = 0, self._memory(size)
        for array in arrays:
            memory[place : place + array.nbytes].reshape(array.shape)[:] = array
            place += array.nbytes

    def read(self, shapes: Sequence[Sequence[int]]) -> list[Frame]:
        """Return copies of the arrays that were written, given their shapes."""
        sizes = [int(np.prod(shape)) for shape in shapes]
        memory = self._memory(sum(sizes))
        parts = np.split(memory[: sum(sizes)], np.cumsum(sizes)[:-1])
        return [part.reshape(shape).copy() for part, shape in zip(parts, shapes, strict=True)]

    def close(self) -> None:
        """Give the memory back."""
        if self._map is not None:
            self._map.close()
        os.close(self.descriptor)

    def _memory(self, size: int) -> Frame:
        if self._map is None or len(self._map) < size:
            self._map = mmap.mmap(self.descriptor, os.fstat(self.descriptor).st_size)
        return np.frombuffer(self._map, np.uint8)


def make_sheets() -> list[Sheet]:
    """Return new, empty sheets; what is told of one is its index."""
    return [Sheet(os.memfd_create("edgecnn-frame")) for _ in range(SHEETS)]


class Desk:
    """The lending side: one thread publishes frames, another answers the reader."""

    def __init__(self, sheets: Sequence[Sheet], send: Callable[[Message], None]) -> None:
        self._sheets = sheets
        self._send = send
        self._lock = Condition()
        self._lent = 0
        self._newest: tuple[int, Message] | None = None
        self._told = self._owed = self._sending = False

    def publish(self, arrays: Sequence[Frame], facts: Message) -> None:
        """Make a frame the newest: lend it to a reader that waits, else tell it once."""
        with self._lock:
            taken = (self._lent, self._newest[0] if self._newest else self._lent)
            free = next(index for index in range(SHEETS) if index not in taken)
        self._sheets[free].write(arrays)
        shapes = [array.shape for array in arrays]
        with self._lock:
            self._newest = (free, {"sheet": free, "shapes": shapes, **facts})
            told, self._told = self._told, True
            owed, self._owed = self._owed, False
        if owed:
            self.lend()
        elif not told:
            self._send({"ready": facts["stamp_ns"]})

    def lend(self) -> None:
        """Answer the reader, which has returned the sheet that was lent before.

        If there is no frame since, it gets the next one as soon as there is.
        """
        with self._lock:
            newest, self._newest, self._told = self._newest, None, False
            self._owed, self._sending = newest is None, newest is not None
            if newest:
                self._lent = newest[0]
        if newest:
            self._send({"frame": newest[1]})
            with self._lock:
                self._sending = False
                self._lock.notify_all()

    def drain(self) -> None:
        """Wait until the newest frame was lent, and its message is on its way."""
        with self._lock:
            self._lock.wait_for(lambda: self._newest is None and not self._sending)
