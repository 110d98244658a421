"""Progress reports of a training run, its time limit, and how Ctrl-C stops it."""

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
    """The state of training after one step."""

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
    """Do nothing: the callback of a caller who wants no progress reports."""


@dataclass(frozen=True)
class LoopOptions:
    """Options of one invocation of the training loop, which are not part of the recipe."""

    snapshot: Path | None = None
    """File for the training state, written after each epoch and on Ctrl-C. None: none."""
    budget_seconds: float = math.inf
    """Time after which training ends; the learning rate schedule follows it."""


@dataclass
class Interrupt:
    """Whether Ctrl-C was pressed."""

    requested: bool = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """Handle the first SIGINT; a second one raises KeyboardInterrupt as usual."""
        self.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Make Ctrl-C set a flag, which the training loop reads between two steps."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # only the main thread may set signal handlers
        return
    before = signal.signal(signal.SIGINT, interrupt.handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
