"""The main thread of a run: it handles signals, keys and the watchdog; a worker does the rest.

Python runs signal handlers between two bytecodes of its main thread. So the main thread must never
block in an inference, a camera or a disk.
"""

import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Generic, TypeVar

from edgecnn.errors import Hung
from edgecnn.sources.stop import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 1.5
WATCHDOG_INTERVAL_S = 0.5
T = TypeVar("T")


@dataclass
class Supervision:
    """What the main thread checks while the worker runs."""

    busy_since_s: Callable[[], float | None] = lambda: None
    """Returns when the running inference began, by the monotonic clock; None if none is running."""
    hang_s: float = 10.0
    """Seconds after which an inference counts as hung."""
    step: Callable[[], bool] | None = None
    """Called repeatedly in the main thread, to serve a window; returning False ends the run."""
    stop: Stop = field(default_factory=Stop)
    """The request to stop that the worker obeys."""
    grace_s: float = GRACE_S
    """How long the worker may take to end after a signal."""


class Worker(Generic[T]):
    """Runs a function in a daemon thread."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.done = Stop()
        self._function = function
        self._value: list[T] = []
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="run", daemon=True).start()

    def result(self) -> T:
        """Return or raise what the function did; call it only when `done` is set."""
        self.done.close()
        if self._error:
            raise self._error
        return self._value[0]

    def _run(self) -> None:
        try:
            self._value.append(self._function())
        except BaseException as error:  # raised again in the main thread
            self._error = error
        self.done.request()


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """How the worker ended."""

    value: T | None
    """What the function returned; None if it did not end in time and its thread still runs."""
    signal: signal.Signals | None
    """The signal that stopped it, if one did."""


def supervise(function: Callable[[], T], plan: Supervision) -> Outcome[T]:
    """Run a function in a thread until it returns, a signal comes or an inference hangs.

    Raises:
        Hung: An inference takes longer than `plan.hang_s`; its thread still runs.
        BaseException: What the function raises.
    """
    with _signals(plan.stop) as received:
        worker = Worker(function)
        while not _wait(worker.done, plan) and not plan.stop.requested:
            _check_watchdog(plan)
        ended = worker.done.wait(plan.grace_s)
        return Outcome(worker.result() if ended else None, next(iter(received), None))


def _wait(done: Stop, plan: Supervision) -> bool:
    """Wait briefly for the worker's end or a request to stop; return whether the worker is done."""
    if plan.step:
        if not plan.step():
            plan.stop.request()
        return done.wait(0)
    poll = select.poll()
    for stop in (done, plan.stop):
        poll.register(stop, select.POLLIN)
    poll.poll(WATCHDOG_INTERVAL_S * 1000)
    return done.wait(0)


def _check_watchdog(plan: Supervision) -> None:
    since_s = plan.busy_since_s()
    if since_s is not None and time.monotonic() - since_s > plan.hang_s:
        raise Hung(
            f"an inference has not returned in {plan.hang_s:g} s",
            remedy="start again; if it happens again, use another provider or --threads 1",
        )


@contextmanager
def _signals(stop: Stop) -> Iterator[list[signal.Signals]]:
    """Turn signals into a request to stop; yield the list of signals that came."""
    received: list[signal.Signals] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread gets signals
        return

    def on_signal(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        stop.request()

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
