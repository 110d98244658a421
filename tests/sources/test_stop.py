"""A stop request wakes whoever waits or polls for it."""

import select
import threading

from edgecnn.sources.stop import Stop


def test_without_a_request_waiting_ends_with_its_time() -> None:
    stop = Stop()
    assert not stop.wait(0.01)
    assert not stop.requested


def test_a_request_ends_the_waiting_of_another_thread() -> None:
    stop = Stop()
    timer = threading.Timer(0.05, stop.request)
    timer.start()
    assert stop.wait()
    timer.join()
    assert stop.requested


def test_a_request_is_readable_for_every_poll_from_then_on() -> None:
    stop = Stop()
    stop.request()
    poll = select.poll()
    poll.register(stop, select.POLLIN)
    assert [len(poll.poll(0)) for _ in range(2)] == [1, 1]


def test_a_request_after_closing_is_still_noted() -> None:
    stop = Stop()
    stop.close()
    stop.close()
    stop.request()
    assert stop.requested
