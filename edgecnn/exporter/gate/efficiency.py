"""Whether a form is worth having: its time over fp32's on this machine, and its size."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from itertools import cycle

from edgecnn.bench.clock import Clock, Ratio, ratio, time_rounds
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame

MISS = Fraction(1, 100)
"""The interval is one of 99 %: rounds on a busy machine are less independent than it assumes."""
SESSIONS, ROUNDS, WARMUP = 8, 50, 10
"""Each form is opened afresh so often: where a session's memory happens to lie has its own time."""


def time_forms(
    open_fp32: Callable[[], Classifier],
    open_form: Callable[[], Classifier],
    frames: Sequence[Frame],
    clock: Clock,
) -> Ratio:
    """Return the time of a form over that of fp32, one frame a call, both interleaved."""
    fp32_ns: list[int] = []
    form_ns: list[int] = []
    for session in range(SESSIONS):
        with ExitStack() as stack:
            openers = (open_fp32, open_form) if session % 2 else (open_form, open_fp32)
            opened = {opener: stack.enter_context(opener()) for opener in openers}
            calls = [_caller(opened[opener], frames) for opener in (open_fp32, open_form)]
            time_rounds(calls, WARMUP)
            fp32, form = time_rounds(calls, ROUNDS, clock)
            fp32_ns += fp32
            form_ns += form
    return ratio(fp32_ns, form_ns, MISS)


def _caller(classifier: Classifier, frames: Sequence[Frame]) -> Callable[[], object]:
    following = cycle(frames)
    return lambda: classifier(next(following))
