"""Bringing results to a sink in a thread of its own: a slow or dead one holds up nobody."""

import queue
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Protocol

from edgecnn.records import Record
from edgecnn.runner.result import Result
from edgecnn.runner.stop import Stop

Tell = Callable[[str, str], None]
LOOK_S = 0.1
"""How often a result that waits for room looks whether it is still wanted."""


class Sink(Protocol):
    """Where results go. It is called with one after the other, then closed, in its own thread."""

    name: str
    """What reports and messages call it."""
    depth: int
    """Results that may wait for it: few, where they hold whole frames."""
    vital: bool
    """Whether its end ends the run."""

    def __call__(self, result: Result) -> None:
        """Take one result; an exception is the end of this sink, and of nothing else."""

    def close(self) -> None:
        """Finish what was begun."""


@dataclass(frozen=True)
class Delivered(Record):
    """What became of the results that were meant for one sink."""

    results: int = 0
    """Those that it took."""
    lost: int = 0
    """Those that it had no time for, or that came after its end."""
    failure: str = ""
    """Why it ended early; empty if it did not."""

    def __str__(self) -> str:
        return f"{self.lost} results lost{self.failure and ': '}{self.failure}"


class Delivery:
    """The way of results to one sink: a bounded queue and a thread."""

    def __init__(self, sink: Sink, tell: Tell, stop: Stop, *, lossless: bool = False) -> None:
        """Start delivering.

        Args:
            sink: It is called from the thread alone.
            tell: Called with the sink's name and what is wrong, once for each kind of trouble.
            stop: Once it is wanted, results that find no room are lost.
            lossless: Wait where there is no room, as fits files; else the oldest result is lost.
        """
        self.sink = sink
        self.cause: Exception | None = None
        """What ended it early."""
        self._tell, self._stop, self._lossless = tell, stop, lossless
        self._taken = self._lost = 0
        self._queue: queue.Queue[Result | None] = queue.Queue(sink.depth)
        self._thread = Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._thread.start()

    @property
    def delivered(self) -> Delivered:
        """What became of the results until now."""
        return Delivered(self._taken, self._lost, str(self.cause or "").partition("\n")[0])

    def offer(self, result: Result) -> None:
        """Pass a result on; returns at once, but for a lossless one that waits for room."""
        while not self.cause:
            try:
                self._queue.put(result, self._lossless, LOOK_S)
                return
            except queue.Full:
                if not self._lossless:
                    self._drop_oldest()
                elif self._stop.wanted:
                    break
        self._lost += 1

    def close(self, seconds: float) -> None:
        """Let the sink take what waits and finish, but not for longer; what is left is lost."""
        with suppress(queue.Full):
            self._queue.put(None, timeout=0 if self.cause else seconds)
            self._thread.join(seconds)
        if self._thread.is_alive():
            self._fail(TimeoutError(f"it did not finish within {seconds:g} s"))
        self._lost += max(0, self._queue.qsize() - 1)  # the last one is the end

    def _drop_oldest(self) -> None:
        with suppress(queue.Empty):  # it has just been taken
            self._queue.get_nowait()
            if not self._lost:
                self._tell(self.sink.name, "too slow: results are dropped, and counted")
            self._lost += 1

    def _run(self) -> None:
        try:
            while (result := self._queue.get()) is not None:
                self.sink(result)
                self._taken += 1
            self.sink.close()
        except Exception as error:  # also a bug in a sink is the end of that sink alone
            self._fail(error)
            with suppress(Exception):
                self.sink.close()

    def _fail(self, error: Exception) -> None:
        self.cause = error
        self._tell(self.sink.name, str(error).partition("\n")[0])
