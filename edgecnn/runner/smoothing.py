"""Smoothing of predictions that flicker: the label changes by k of n votes, with hysteresis."""

from collections import deque
from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.inference.classifier import Prediction
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record

UNKNOWN = "unknown"
"""The label when no class is probable enough."""


@dataclass(frozen=True)
class Smoothing(Record):
    """How many of the last predictions must agree on a new label. The default is no smoothing."""

    votes: int = 1
    """The label changes when this many ..."""
    of: int = 1
    """... of this many last predictions agree."""
    hysteresis: float = 0.0
    """How far, in probability, the current label may fall below the model's reject threshold."""

    def __post_init__(self) -> None:
        """Raise OptionError unless the votes are a majority."""
        if not (self.of < 2 * self.votes <= 2 * self.of and 0 <= self.hysteresis < 1):
            raise OptionError(
                f"smoothing is {self.votes} of {self.of}, hysteresis {self.hysteresis:g}",
                remedy="give a majority like 3/5, and a hysteresis of 0 to 1",
            )


def parse_smoothing(text: str, hysteresis: float = 0.0) -> Smoothing:
    """Return the smoothing of a text like `3/5`; no smoothing for an empty text.

    Raises:
        OptionError: The votes are no majority.
    """
    votes, _, of = (text or "1/1").partition("/")
    if not (votes.isdecimal() and of.isdecimal()):
        raise OptionError(f"--smooth is {text!r}", remedy="give votes of predictions, like 3/5")
    return Smoothing(int(votes), int(of), hysteresis)


class Smoother:
    """The smoothed label of one source: a class, or UNKNOWN."""

    def __init__(self, smoothing: Smoothing) -> None:
        self.label = UNKNOWN
        self._smoothing = smoothing
        self._votes: deque[str] = deque(maxlen=smoothing.of)

    def add(self, prediction: Prediction | None, spec: ModelSpec) -> str:
        """Return the label after one more prediction; None counts as a vote for UNKNOWN."""
        vote = self._vote(prediction, spec)
        self._votes.append(vote)
        if (
            self._votes.count(vote) >= self._smoothing.votes
        ):  # only the newest vote can reach the majority
            self.label = vote
        return self.label

    def _vote(self, prediction: Prediction | None, spec: ModelSpec) -> str:
        if prediction is None:
            return UNKNOWN
        slack = self._smoothing.hysteresis if prediction.label == self.label else 0.0
        known = spec.knows(prediction.probability + slack, prediction.logit)
        return prediction.label if known else UNKNOWN
