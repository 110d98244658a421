"""Frames from a capture process to its reader: the newest one is lent, never torn.

Of three sheets of shared memory one is lent to the reader, one holds the newest frame and one is
being written. A sheet changes hands only with a message through a pipe, so that what it holds is
whole and visible: there is nothing to retry and no moment at which both sides touch one sheet.
"""

import math
import mmap
import os
from collections.abc import Callable, Iterator, Sequence
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
