"""The interface of a sink, and the queue and thread that bring results to it.

Each sink has a thread of its own, so a slow or failed sink delays neither the run nor other sinks.
"""

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
"""Called with a sink's name and what is wrong."""
POLL_S = 0.1
"""How often a producer that waits for room in the queue checks for a request to stop."""


class Sink(Protocol):
    """Where the results of a run go: any object with these attributes and methods.

    A run calls the sink with one `Result` after the other and then closes it, always from the same
    thread, which the run starts for this sink. A sink needs no base class:

        >>> from collections import Counter
        >>> from edgecnn import Classifier, Result, Run, RunPlan
        >>> class LabelCounter:
        ...     name, queue_size, needs_frames, required = "labels", 1000, False, False
        ...
        ...     def __init__(self) -> None:
        ...         self.counts: Counter[str] = Counter()
        ...
        ...     def __call__(self, result: Result) -> None:
        ...         self.counts[result.label] += 1
        ...
        ...     def close(self) -> None:
        ...         print(self.counts.most_common())
        >>> with Classifier("objects") as classifier:  # doctest: +SKIP
        ...     Run(classifier, RunPlan(["0"], lambda source: [LabelCounter()]))()
    """

    name: str
    """Identifies the sink in reports and messages."""
    queue_size: int
    """How many results may wait for the sink. Keep it small if they hold frames."""
    needs_frames: bool
    """If False, `Result.frame_bgr` is empty: a thousand waiting frames would need about 1 GB."""
    required: bool
    """If True, a failure of this sink ends the run; else the run goes on without the sink."""

    def __call__(self, result: Result) -> None:
        """Process one result. After an exception, the sink gets no more results and is closed."""

    def close(self) -> None:
        """Finish pending work and release resources; called once, also after an exception."""


@dataclass(frozen=True)
class DeliveryCounts(Record):
    """What happened to the results that were meant for one sink."""

    results: int = 0
    """Results that the sink processed."""
    lost: int = 0
    """Results that were dropped since the sink was too slow, or that came after its failure."""
    failure: str = ""
    """Why the sink failed; empty if it did not."""

    def __str__(self) -> str:
        return f"{self.lost} results lost{self.failure and ': '}{self.failure}"


class SinkQueue:
    """A bounded queue of results and the thread that passes them to one sink."""

    def __init__(
        self, sink: Sink, on_problem: OnProblem, stop: Stop, *, lossless: bool = False
    ) -> None:
        """Start the thread.

        Args:
            sink: Called only from the thread.
            on_problem: Called once if results are dropped, and once if the sink fails.
            stop: After a request to stop, a full queue drops results even if it is lossless.
            lossless: If the queue is full, `offer` waits (for files); else it drops the oldest
                result (for live sources).
        """
        self.sink = sink
        self.error: Exception | None = None
        """The exception that ended the sink early."""
        self._on_problem, self._stop, self._lossless = on_problem, stop, lossless
        self._offered = self._delivered = self._dropped = 0
        # Not a Condition, which allocates a lock for each wait, and there is a wait per result.
        self._queue: SimpleQueue[Result | None] = SimpleQueue()
        """None marks the end."""
        self._has_room = Event()
        self._thread = Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> DeliveryCounts:
        """What happened to the results so far."""
        lost = self._offered - self._delivered if self.error else self._dropped
        return DeliveryCounts(self._delivered, lost, str(self.error or "").partition("\n")[0])

    def offer(self, result: Result) -> None:
        """Queue a result. Only a full lossless queue blocks the caller."""
        if self._lossless:
            self._wait_for_room()
        self._offered += 1
        if self.error:
            return
        if self._is_full:
            self._drop_oldest()
        self._queue.put(result)

    def end(self) -> None:
        """Mark the end of the results, without waiting for the sink."""
        self._queue.put(None)

    def close(self, seconds: float) -> None:
        """Wait until the sink has finished, at most this long; pending results are then lost."""
        self.end()
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._fail(
                DeviceError(
                    f"it did not finish within {seconds:.1f} s",
                    remedy="check the disk or network that the results go to",
                )
            )

    @property
    def _is_full(self) -> bool:
        return not self.error and self._queue.qsize() >= self.sink.queue_size

    def _wait_for_room(self) -> None:
        while self._is_full and not self._stop.requested:
            self._has_room.clear()
            if self._is_full:
                self._has_room.wait(POLL_S)

    def _drop_oldest(self) -> None:
        with suppress(Empty):  # the sink has just taken it
            self._queue.get_nowait()
            self._dropped += 1
            if self._dropped == 1 and not (self._lossless or self.error):
                self._on_problem(self.sink.name, "too slow: results are dropped, and counted")

    def _run(self) -> None:
        try:
            while (result := self._queue.get()) is not None:
                if self._lossless and not self._has_room.is_set():
                    self._has_room.set()
                self.sink(result)
                self._delivered += 1
            self.sink.close()
        except Exception as error:  # a bug in a sink must not end the run either
            self._fail(error)
            with suppress(Exception):
                self.sink.close()

    def _fail(self, error: Exception) -> None:
        self.error = error
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        self._queue.put(None)
        self._has_room.set()
        if not self.sink.required:  # the error of a required sink is raised by the run
            self._on_problem(self.sink.name, str(error).partition("\n")[0])
