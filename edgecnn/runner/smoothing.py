"""From predictions, which flicker, to an answer that holds: k of n votes, and hysteresis."""

from collections import deque
from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.inference.classifier import Prediction
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record

UNKNOWN = "unknown"
"""The answer where no class is known."""


@dataclass(frozen=True)
class Smoothing(Record):
    """How many votes a new answer needs. As it stands, every prediction is the answer."""

    votes: int = 1
    """An answer becomes another one when so many ..."""
    of: int = 1
    """... of the last so many predictions say so."""
    hysteresis: float = 0.0
    """The answer that holds may fall short of the file's threshold by so much probability."""

    def __post_init__(self) -> None:
        """Refuse votes that two answers could have at once."""
        if not (self.of < 2 * self.votes <= 2 * self.of and 0 <= self.hysteresis < 1):
            raise OptionError(
                f"smoothing is {self.votes} of {self.of}, hysteresis {self.hysteresis:g}",
                remedy="give a majority like 3/5, and a hysteresis of 0 to 1",
            )


def parse_smoothing(text: str, hysteresis: float = 0.0) -> Smoothing:
    """Return the smoothing of a text like `3/5`; none for no text.

    Raises:
        OptionError: It is no majority.
    """
    votes, _, of = (text or "1/1").partition("/")
    if not (votes.isdecimal() and of.isdecimal()):
        raise OptionError(f"--smooth is {text!r}", remedy="give votes of predictions, like 3/5")
    return Smoothing(int(votes), int(of), hysteresis)


class Smoother:
    """The answer of one source: a class, or UNKNOWN."""

    def __init__(self, smoothing: Smoothing) -> None:
        self.answer = UNKNOWN
        self._smoothing = smoothing
        self._votes: deque[str] = deque(maxlen=smoothing.of)

    def add(self, prediction: Prediction | None, spec: ModelSpec) -> str:
        """Return the answer after one more prediction; None is one that said nothing."""
        vote = self._vote(prediction, spec)
        self._votes.append(vote)
        if self._votes.count(vote) >= self._smoothing.votes:  # only the newest can become more
            self.answer = vote
        return self.answer

    def _vote(self, prediction: Prediction | None, spec: ModelSpec) -> str:
        if prediction is None:
            return UNKNOWN
        slack = self._smoothing.hysteresis if prediction.label == self.answer else 0.0
        known = spec.knows(prediction.probability + slack, prediction.logit)
        return prediction.label if known else UNKNOWN
