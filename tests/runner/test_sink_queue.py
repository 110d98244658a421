"""Queues: a slow, failed or hanging sink delays nobody, and lost results are counted."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from results import result

from edgecnn.runner.result import Result
from edgecnn.runner.sink_queue import DeliveryCounts, SinkQueue
from edgecnn.sinks.lines import LineSink
from edgecnn.sources.stop import Stop

Problems = list[tuple[str, str]]


class Notes:
    """A sink that notes numbers; it waits while its gate is closed, and fails at one number."""

    name, queue_size, needs_frames, required = "notes", 3, True, False

    def __init__(self, fails_at: int = 0, *, gate_open: bool = True) -> None:
        self.numbers: list[int] = []
        self.closed = 0
        self.threads: set[int] = set()
        self.began = threading.Event()
        self.gate = threading.Event()
        self._fails_at = fails_at
        if gate_open:
            self.gate.set()

    def __call__(self, result: Result) -> None:
        self.began.set()
        assert self.gate.wait(30)
        self.threads.add(threading.get_ident())
        if result.number == self._fails_at:
            raise OSError("the cable is gone\nand more")
        self.numbers.append(result.number)

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed += 1


class Queues:
    """Starts queues, and keeps the problems that they report."""

    def __init__(self) -> None:
        self.problems: Problems = []
        self.stop = Stop()

    def __call__(self, sink: Notes | LineSink, *, lossless: bool = False) -> SinkQueue:
        def on_problem(name: str, detail: str) -> None:
            self.problems.append((name, detail))

        return SinkQueue(sink, on_problem, self.stop, lossless=lossless)


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
def unread(tmp_path: Path) -> Iterator[int]:
    """The writing end of a FIFO whose reader never reads."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY)
    yield writer
    os.close(reader)  # a writer that still waits gets an error


def offer(queue: SinkQueue, *numbers: int) -> None:
    for number in numbers:
        queue.offer(result(number=number))


def test_a_sink_gets_every_result_in_order_and_is_closed_in_its_own_thread(
    queues: Queues,
) -> None:
    sink = Notes()
    queue = queues(sink, lossless=True)
    offer(queue, *range(1, 101))
    queue.close(30)
    assert sink.numbers == list(range(1, 101))
    assert sink.closed == 1
    assert len(sink.threads) == 1
    assert threading.get_ident() not in sink.threads
    assert queue.counts == DeliveryCounts(results=100)
    assert queues.problems == []


def test_a_slow_sink_gets_the_newest_results_and_the_others_are_counted(
    queues: Queues,
) -> None:
    sink = Notes(gate_open=False)
    queue = queues(sink)
    offer(queue, 1)
    assert sink.began.wait(30)
    offer(queue, *range(2, 21))
    sink.gate.set()
    queue.close(30)
    assert sink.numbers == [1, 18, 19, 20]
    assert queue.counts == DeliveryCounts(results=4, lost=16)
    assert queues.problems == [("notes", "too slow: results are dropped, and counted")]


def test_a_lossless_queue_waits_for_a_slow_sink(queues: Queues) -> None:
    sink = Notes(gate_open=False)
    queue = queues(sink, lossless=True)
    opener = threading.Timer(0.3, sink.gate.set)
    opener.start()
    offer(queue, *range(1, 21))
    assert sink.gate.is_set()
    queue.close(30)
    assert sink.numbers == list(range(1, 21))
    assert queue.counts == DeliveryCounts(results=20)
    opener.join()


def test_a_lossless_queue_does_not_wait_once_somebody_stops_it(queues: Queues) -> None:
    sink = Notes(gate_open=False)
    queue = queues(sink, lossless=True)
    stopper = threading.Timer(0.3, queues.stop.request)
    stopper.start()
    offer(queue, *range(1, 21))
    assert queues.stop.requested
    sink.gate.set()
    queue.close(30)
    assert queue.counts.results == len(sink.numbers) < 20
    assert queue.counts.lost == 20 - len(sink.numbers)
    stopper.join()


@pytest.mark.parametrize("lossless", [False, True], ids=["live", "lossless"])
def test_a_dead_sink_is_reported_once_and_takes_nothing_more(
    queues: Queues, lossless: bool
) -> None:
    sink = Notes(fails_at=2)
    queue = queues(sink, lossless=lossless)
    offer(queue, 1, 2)
    queue.close(30)
    offer(queue, *range(3, 21))
    assert isinstance(queue.error, OSError)
    assert queue.counts == DeliveryCounts(results=1, lost=19, failure="the cable is gone")
    assert queues.problems == [("notes", "the cable is gone")]
    assert sink.closed == 1


def test_a_sink_that_hangs_is_left_in_time_and_what_it_did_not_take_is_lost(
    queues: Queues,
) -> None:
    sink = Notes(gate_open=False)
    queue = queues(sink)
    offer(queue, 1)
    assert sink.began.wait(30)
    offer(queue, 2, 3)
    queue.close(0.1)
    assert queue.counts == DeliveryCounts(0, 3, "it did not finish within 0.1 s")
    sink.gate.set()


def test_lines_that_nobody_reads_are_dropped_and_hold_up_nobody(
    queues: Queues, unread: int
) -> None:
    with os.fdopen(unread, "w") as out:
        queue = queues(LineSink(as_json=True, out=out))
        offer(queue, *range(1, 4001))  # a pipe takes 64 KiB, about 300 lines
        queue.close(0.1)
        counts = queue.counts
        assert 100 < counts.results < 1000
        assert counts.lost == 4000 - counts.results
        assert "did not finish" in counts.failure
        assert queues.problems[0] == ("lines", "too slow: results are dropped, and counted")


def test_an_error_at_the_close_of_a_sink_is_its_failure(queues: Queues) -> None:
    class Torn(Notes):
        def close(self) -> None:
            raise OSError("no space")

    queue = queues(Torn(), lossless=True)
    offer(queue, 1, 2)
    queue.close(30)
    assert queue.counts == DeliveryCounts(results=2, failure="no space")
