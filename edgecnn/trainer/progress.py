"""What a run tells while it trains, and how it is stopped."""

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType


@dataclass(frozen=True)
class Progress:
    """Where training stands after one step."""

    epoch: int
    """From 1."""
    epochs: int
    step: int
    """From 1, within the epoch."""
    steps: int
    loss: float
    """Mean loss of the epoch so far."""
    accuracy: float
    """Share of the epoch's pictures labelled correctly so far, 0 to 1."""


OnProgress = Callable[[Progress], None]


def ignore(_: Progress) -> None:
    """Watch nothing."""


@dataclass(frozen=True)
class Keep:
    """Where an unfinished run is kept, and how long it may take."""

    snapshot: Path | None = None
    """Written after each epoch and when training is stopped; None: nowhere."""
    budget_seconds: float = math.inf
    """Training ends after so many seconds; its learning rate goes down as the time does."""


@dataclass
class Interrupt:
    """Whether somebody pressed Ctrl-C."""

    wanted: bool = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Remember the first Ctrl-C; the second one stops at once, as ever."""
        self.wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Turn Ctrl-C into a wish that the loop reads between two steps."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # signals reach the main thread only
        return
    before = signal.signal(signal.SIGINT, interrupt.note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
