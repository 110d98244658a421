"""A pause blocks the reader until it ends or a stop is requested."""

import threading

import pytest

from edgecnn.sources.pause import Pause
from edgecnn.sources.stop import Stop


def waiting_thread(pause: Pause, stop: Stop | None) -> threading.Thread:
    thread = threading.Thread(target=pause.wait, args=(stop,), daemon=True)
    thread.start()
    return thread


def test_without_a_pause_nothing_waits() -> None:
    Pause().wait(None)


@pytest.mark.parametrize("stop", [None, Stop()], ids=["alone", "with a stop"])
def test_a_reader_waits_until_the_pause_ends(stop: Stop | None) -> None:
    pause = Pause()
    pause.requested = True
    thread = waiting_thread(pause, stop)
    thread.join(0.2)
    assert thread.is_alive()
    pause.requested = False
    thread.join(60)
    assert not thread.is_alive()


def test_a_stop_request_ends_a_pause() -> None:
    pause, stop = Pause(), Stop()
    pause.requested = True
    thread = waiting_thread(pause, stop)
    stop.request()
    thread.join(60)
    assert not thread.is_alive()
