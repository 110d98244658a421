"""The main thread of a run: signals, windows and the watchdog, while a worker does the rest."""

import os
import signal
import threading
import time

import pytest

from edgecnn.errors import Hung, OptionError
from edgecnn.runner.supervise import SIGNALS, Supervision, supervise


def test_what_the_function_returns_is_the_outcome() -> None:
    outcome = supervise(lambda: 7, Supervision())
    assert (outcome.value, outcome.signal) == (7, None)


def test_what_the_function_raises_is_raised_in_the_main_thread() -> None:
    def fail() -> None:
        raise OptionError("no", remedy="yes")

    with pytest.raises(OptionError, match="no"):
        supervise(fail, Supervision())


def test_the_window_is_served_by_the_calling_thread_and_the_work_by_another() -> None:
    steps: list[threading.Thread] = []
    plan = Supervision(step=lambda: steps.append(threading.current_thread()) is not None)

    def work() -> threading.Thread:
        plan.stop.wait()
        return threading.current_thread()

    worker = supervise(work, plan).value
    assert steps == [threading.current_thread()]
    assert worker is not threading.current_thread()


@pytest.mark.parametrize("sign", SIGNALS)
def test_a_signal_requests_the_stop_and_is_reported(sign: signal.Signals) -> None:
    plan = Supervision()

    def work() -> bool:
        os.kill(os.getpid(), sign)
        return plan.stop.wait(30)

    outcome = supervise(work, plan)
    assert (outcome.value, outcome.signal) == (True, sign)


def test_work_that_goes_on_after_a_signal_is_left_behind() -> None:
    end = threading.Event()

    def work() -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return end.wait(60)

    outcome = supervise(work, Supervision())
    assert (outcome.value, outcome.signal) == (None, signal.SIGTERM)
    end.set()


def test_an_inference_that_takes_too_long_is_hung() -> None:
    began_s, end = time.monotonic(), threading.Event()
    with pytest.raises(Hung, match=r"has not returned in 0\.1 s"):
        supervise(lambda: end.wait(60), Supervision(lambda: began_s, hang_s=0.1))
    end.set()


def test_the_handlers_of_signals_are_as_before() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    supervise(lambda: None, Supervision())
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_thread_that_supervises_leaves_signals_alone() -> None:
    handlers: list[object] = []
    thread = threading.Thread(
        target=lambda: supervise(
            lambda: handlers.append(signal.getsignal(signal.SIGINT)), Supervision()
        )
    )
    thread.start()
    thread.join(60)
    assert handlers == [signal.getsignal(signal.SIGINT)]
