"""The main thread of a run: it serves signals, keys and the watchdog while another one works.

Python serves a signal between two steps of its main thread, so that thread must never be the one
that waits for an inference, a camera or a disk.
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
"""After a signal, the work may take so long to end by itself."""
LOOK_S = 0.5
"""How often the watchdog looks."""
T = TypeVar("T")


@dataclass
class Supervision:
    """What the main thread looks at while it waits."""

    busy_since_s: Callable[[], float | None] = lambda: None
    """When the inference that is running began, by the monotonic clock; None: none is."""
    hang_s: float = 10.0
    """An inference that takes longer has hung."""
    step: Callable[[], bool] | None = None
    """Called again and again in the main thread, for a window; False ends the run."""
    stop: Stop = field(default_factory=Stop)
    """What the work must obey."""


class Work(Generic[T]):
    """A function that runs in a thread of its own."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.done = Stop()
        self._function = function
        self._value: list[T] = []
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="run", daemon=True).start()

    def result(self) -> T:
        """Return what it returned, or raise what it raised, once it is done."""
        self.done.close()
        if self._error:
            raise self._error
        return self._value[0]

    def _run(self) -> None:
        try:
            self._value.append(self._function())
        except BaseException as error:  # it is raised again in the main thread
            self._error = error
        self.done.ask()


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """How the work ended."""

    value: T | None
    """What it returned; None: it did not end in time after a signal, and its thread still runs."""
    signal: signal.Signals | None
    """What asked it to end, if a signal did."""


def supervise(function: Callable[[], T], plan: Supervision) -> Outcome[T]:
    """Run a function in a thread until it ends, a signal comes or an inference hangs.

    Raises:
        Hung: An inference takes longer than `plan.hang_s`; its thread still runs.
        BaseException: Whatever the function raises.
    """
    with _signals(plan.stop) as received:
        work = Work(function)
        while not _wait(work.done, plan) and not plan.stop.wanted:
            _check_watchdog(plan)
        ended = work.done.wait(GRACE_S)
        return Outcome(work.result() if ended else None, next(iter(received), None))


def _wait(done: Stop, plan: Supervision) -> bool:
    """Wait a moment for the end, or for a wish to stop; tell whether the work is done."""
    if plan.step:
        if not plan.step():
            plan.stop.ask()
        return done.wait(0)
    poll = select.poll()
    for stop in (done, plan.stop):
        poll.register(stop, select.POLLIN)
    poll.poll(LOOK_S * 1000)
    return done.wait(0)


def _check_watchdog(plan: Supervision) -> None:
    since_s = plan.busy_since_s()
    if since_s is not None and time.monotonic() - since_s > plan.hang_s:
        raise Hung(
            f"an inference has not returned in {plan.hang_s:g} s",
            remedy="start again; if it comes back, use another provider or --threads 1",
        )


@contextmanager
def _signals(stop: Stop) -> Iterator[list[signal.Signals]]:
    """Turn signals into a wish to stop; yield the list of those that came."""
    received: list[signal.Signals] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # signals reach the main thread only
        return

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        stop.ask()

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
