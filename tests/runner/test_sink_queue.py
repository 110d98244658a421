"""Deliveries: a slow, dead or hanging sink holds up nobody, and what was lost is counted."""

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

Told = list[tuple[str, str]]


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


class Deliverer:
    """Deliveries and what they told."""

    def __init__(self) -> None:
        self.told: Told = []
        self.stop = Stop()

    def __call__(self, sink: Notes | LineSink, *, lossless: bool = False) -> SinkQueue:
        def tell(name: str, detail: str) -> None:
            self.told.append((name, detail))

        return SinkQueue(sink, tell, self.stop, lossless=lossless)


@pytest.fixture
def deliver() -> Deliverer:
    return Deliverer()


@pytest.fixture
def unread(tmp_path: Path) -> Iterator[int]:
    """The writing end of a FIFO whose reader never reads."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY)
    yield writer
    os.close(reader)  # whoever still waits is told that nobody reads


def offer(delivery: SinkQueue, *numbers: int) -> None:
    for number in numbers:
        delivery.offer(result(number=number))


def test_a_sink_gets_every_result_in_order_and_is_closed_in_its_own_thread(
    deliver: Deliverer,
) -> None:
    sink = Notes()
    delivery = deliver(sink, lossless=True)
    offer(delivery, *range(1, 101))
    delivery.close(30)
    assert sink.numbers == list(range(1, 101))
    assert sink.closed == 1
    assert len(sink.threads) == 1
    assert threading.get_ident() not in sink.threads
    assert delivery.counts == DeliveryCounts(results=100)
    assert deliver.told == []


def test_a_slow_sink_gets_the_newest_results_and_the_others_are_counted(
    deliver: Deliverer,
) -> None:
    sink = Notes(gate_open=False)
    delivery = deliver(sink)
    offer(delivery, 1)
    assert sink.began.wait(30)
    offer(delivery, *range(2, 21))
    sink.gate.set()
    delivery.close(30)
    assert sink.numbers == [1, 18, 19, 20]
    assert delivery.counts == DeliveryCounts(results=4, lost=16)
    assert deliver.told == [("notes", "too slow: results are dropped, and counted")]


def test_a_lossless_delivery_waits_for_a_slow_sink(deliver: Deliverer) -> None:
    sink = Notes(gate_open=False)
    delivery = deliver(sink, lossless=True)
    opener = threading.Timer(0.3, sink.gate.set)
    opener.start()
    offer(delivery, *range(1, 21))
    assert sink.gate.is_set()
    delivery.close(30)
    assert sink.numbers == list(range(1, 21))
    assert delivery.counts == DeliveryCounts(results=20)
    opener.join()


def test_a_lossless_delivery_does_not_wait_once_somebody_stops_it(deliver: Deliverer) -> None:
    sink = Notes(gate_open=False)
    delivery = deliver(sink, lossless=True)
    stopper = threading.Timer(0.3, deliver.stop.request)
    stopper.start()
    offer(delivery, *range(1, 21))
    assert deliver.stop.requested
    sink.gate.set()
    delivery.close(30)
    assert delivery.counts.results == len(sink.numbers) < 20
    assert delivery.counts.lost == 20 - len(sink.numbers)
    stopper.join()


@pytest.mark.parametrize("lossless", [False, True], ids=["live", "lossless"])
def test_a_dead_sink_is_told_once_and_takes_nothing_more(
    deliver: Deliverer, lossless: bool
) -> None:
    sink = Notes(fails_at=2)
    delivery = deliver(sink, lossless=lossless)
    offer(delivery, 1, 2)
    delivery.close(30)
    offer(delivery, *range(3, 21))
    assert isinstance(delivery.error, OSError)
    assert delivery.counts == DeliveryCounts(results=1, lost=19, failure="the cable is gone")
    assert deliver.told == [("notes", "the cable is gone")]
    assert sink.closed == 1


def test_a_sink_that_hangs_is_left_in_time_and_what_it_did_not_take_is_lost(
    deliver: Deliverer,
) -> None:
    sink = Notes(gate_open=False)
    delivery = deliver(sink)
    offer(delivery, 1)
    assert sink.began.wait(30)
    offer(delivery, 2, 3)
    delivery.close(0.1)
    assert delivery.counts == DeliveryCounts(0, 3, "it did not finish within 0.1 s")
    sink.gate.set()


def test_lines_that_nobody_reads_are_dropped_and_hold_up_nobody(
    deliver: Deliverer, unread: int
) -> None:
    with os.fdopen(unread, "w") as out:
        delivery = deliver(LineSink(as_json=True, out=out))
        offer(delivery, *range(1, 4001))  # a pipe takes 64 KiB, about 300 lines
        delivery.close(0.1)
        told = delivery.counts
        assert 100 < told.results < 1000
        assert told.lost == 4000 - told.results
        assert "did not finish" in told.failure
        assert deliver.told[0] == ("lines", "too slow: results are dropped, and counted")


def test_what_a_sink_says_at_its_close_is_its_failure(deliver: Deliverer) -> None:
    class Torn(Notes):
        def close(self) -> None:
            raise OSError("no space")

    delivery = deliver(Torn(), lossless=True)
    offer(delivery, 1, 2)
    delivery.close(30)
    assert delivery.counts == DeliveryCounts(results=2, failure="no space")
