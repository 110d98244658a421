"""Ctrl-C during training is deferred to the end of a step, and only during training."""

import os
import signal
import threading

import pytest

from edgecnn.errors import Stopped
from edgecnn.trainer.progress import Interrupt, deferred_interrupt
from edgecnn.trainer.train import make_network
from edgecnn.trainer.train_network import train_network
from trainer.small_runs import CPU, SMALL, Few, few_of, press_ctrl_c


@pytest.fixture(scope="module")
def few(digits: Few) -> Few:
    return few_of(digits)


def test_the_first_ctrl_c_sets_a_flag_and_the_second_one_raises() -> None:
    with deferred_interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_another_thread_than_the_main_one_leaves_the_signal_alone() -> None:
    found: list[Interrupt] = []

    def run() -> None:
        with deferred_interrupt() as interrupt:
            found.append(interrupt)

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [Interrupt(requested=False)]
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_works_as_ever_after_training(few: Few) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Stopped) as caught:
        train_network(make_network(SMALL, few[1]), few[0], SMALL, CPU, press_ctrl_c(1, 1))
    assert "--resume" not in caught.value.remedy  # nothing was kept
    assert signal.getsignal(signal.SIGINT) is before
