"""How long a form takes beside fp32 on this machine, on frames of a camera's size."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle

from edgecnn.bench.clock import Clock, Ratio, ratio, time_rounds
from edgecnn.bench.frames import camera_frames
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.percentile import percentile

MISS = Fraction(1, 100)
"""The interval is one of 99 %: rounds on a busy machine are less independent than it assumes."""
SESSIONS, ROUNDS, WARMUP = 8, 50, 10
"""Each form is opened afresh so often: where a session's memory happens to lie has its own time."""


@dataclass(frozen=True)
class FormTimes:
    """What a form takes beside fp32."""

    whole: Ratio
    """From a camera's frame to the prediction: fitting and inference."""
    inference: Ratio
    """From a fitted frame to the prediction."""
    fit_ms: float
    """Median time of fitting one camera frame, milliseconds."""


def time_forms(
    open_fp32: Callable[[], Classifier],
    open_form: Callable[[], Classifier],
    pictures: Sequence[Frame],
    clock: Clock,
) -> FormTimes:
    """Return the time of a form over that of fp32, one frame a call, both interleaved.

    Args:
        open_fp32: Opens the fp32 form.
        open_form: Opens the form that is judged.
        pictures: Fitted pictures, (H, W, C) uint8 each; frames of a camera's size are made of them.
        clock: Times both forms.
    """
    frames = camera_frames(pictures)
    whole, inference = _Samples(), _Samples()
    fit_ns: list[int] = []
    for session in range(SESSIONS):
        with ExitStack() as stack:
            openers = (open_fp32, open_form) if session % 2 else (open_form, open_fp32)
            opened = {opener: stack.enter_context(opener()) for opener in openers}
            pair = [opened[opener] for opener in (open_fp32, open_form)]
            whole.add(pair, frames, clock)
            inference.add(pair, pictures, clock)
            fit_ns += time_rounds([_fitter(pair[0], frames)], ROUNDS)[0]
    fit_ms = round(percentile(fit_ns, 50) / 1e6, 4)
    return FormTimes(whole.ratio(), inference.ratio(), fit_ms)


class _Samples:
    """Durations of fp32 and of the form, nanoseconds, in pairs."""

    def __init__(self) -> None:
        self._fp32: list[int] = []
        self._form: list[int] = []

    def add(self, pair: list[Classifier], frames: Sequence[Frame], clock: Clock) -> None:
        """Time both classifiers on the frames, interleaved."""
        calls = [_caller(classifier, frames) for classifier in pair]
        time_rounds(calls, WARMUP)
        fp32, form = time_rounds(calls, ROUNDS, clock)
        self._fp32 += fp32
        self._form += form

    def ratio(self) -> Ratio:
        """Return the form's time over fp32's."""
        return ratio(self._fp32, self._form, MISS)


def _caller(classifier: Classifier, frames: Sequence[Frame]) -> Callable[[], object]:
    following = cycle(frames)
    return lambda: classifier(next(following))


def _fitter(classifier: Classifier, frames: Sequence[Frame]) -> Callable[[], object]:
    following, spec = cycle(frames), classifier.spec
    return lambda: fit_frame(next(following), spec)
