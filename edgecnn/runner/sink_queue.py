"""Bringing results to a sink in a thread of its own: a slow or dead one holds up nobody."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Protocol

from edgecnn.errors import DeviceError
from edgecnn.records import Record
from edgecnn.runner.result import Result
from edgecnn.sources.stop import Stop

OnProblem = Callable[[str, str], None]
LOOK_S = 0.1
"""How often a result that waits for room looks whether it is still wanted."""


class Sink(Protocol):
    """Where results go. It is called with one after the other, then closed, in its own thread."""

    name: str
    """What reports and messages call it."""
    depth: int
    """Results that may wait for it: few, where they hold frames."""
    sees: bool
    """Whether its results need their frames: a thousand that wait with them would take 1 GB."""
    vital: bool
    """Whether its end ends the run."""

    def __call__(self, result: Result) -> None:
        """Take one result; an exception is the end of this sink, and of nothing else."""

    def close(self) -> None:
        """Finish what was begun, also after an exception."""


@dataclass(frozen=True)
class DeliveryCounts(Record):
    """What became of the results that were meant for one sink."""

    results: int = 0
    """Those that it took."""
    lost: int = 0
    """Those that it had no time for, or that came after its end."""
    failure: str = ""
    """Why it ended early; empty if it did not."""

    def __str__(self) -> str:
        return f"{self.lost} results lost{self.failure and ': '}{self.failure}"


class SinkQueue:
    """The way of results to one sink: a bounded queue and a thread."""

    def __init__(
        self, sink: Sink, on_problem: OnProblem, stop: Stop, *, lossless: bool = False
    ) -> None:
        """Start delivering.

        Args:
            sink: It is called from the thread alone.
            on_problem: Called with the sink's name and what is wrong, once for each kind.
            stop: Once it is wanted, results that find no room are lost.
            lossless: Wait where there is no room, as fits files; else the oldest result is lost.
        """
        self.sink = sink
        self.cause: Exception | None = None
        """What ended it early."""
        self._on_problem, self._stop, self._lossless = on_problem, stop, lossless
        self._offered = self._taken = self._dropped = 0
        # Not a Condition: it makes a lock for every wait, and there is one at every result.
        self._waiting: SimpleQueue[Result | None] = SimpleQueue()
        """None is the end."""
        self._room = Event()
        self._thread = Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._thread.start()

    @property
    def delivered(self) -> DeliveryCounts:
        """What became of the results until now."""
        lost = self._offered - self._taken if self.cause else self._dropped
        return DeliveryCounts(self._taken, lost, str(self.cause or "").partition("\n")[0])

    def offer(self, result: Result) -> None:
        """Pass a result on; returns at once, but for a lossless one that waits for room."""
        if self._lossless:
            self._wait_for_room()
        self._offered += 1
        if self.cause:
            return
        if self._full:
            self._drop_oldest()
        self._waiting.put(result)

    def end(self) -> None:
        """Say that there are no more results; the sink takes what waits, and finishes."""
        self._waiting.put(None)

    def close(self, seconds: float) -> None:
        """Let the sink finish, but not for longer; what it has not taken then is lost."""
        self.end()
        self._thread.join(seconds)
        if self._thread.is_alive():
            error = DeviceError(
                f"it did not finish within {seconds:.1f} s", remedy="look at where the results go"
            )
            self._fail(error)

    @property
    def _full(self) -> bool:
        return not self.cause and self._waiting.qsize() >= self.sink.depth

    def _wait_for_room(self) -> None:
        while self._full and not self._stop.wanted:
            self._room.clear()
            if self._full:
                self._room.wait(LOOK_S)

    def _drop_oldest(self) -> None:
        with suppress(Empty):  # the sink has just taken it
            self._waiting.get_nowait()
            self._dropped += 1
            if self._dropped == 1 and not (self._lossless or self.cause):
                self._on_problem(self.sink.name, "too slow: results are dropped, and counted")

    def _run(self) -> None:
        try:
            while (result := self._waiting.get()) is not None:
                if self._lossless and not self._room.is_set():
                    self._room.set()
                self.sink(result)
                self._taken += 1
            self.sink.close()
        except Exception as error:  # also a bug in a sink is the end of that sink alone
            self._fail(error)
            with suppress(Exception):
                self.sink.close()

    def _fail(self, error: Exception) -> None:
        self.cause = error
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()
        self._waiting.put(None)
        self._room.set()
        if not self.sink.vital:  # the end of a vital one is told as the end of the run
            self._on_problem(self.sink.name, str(error).partition("\n")[0])
