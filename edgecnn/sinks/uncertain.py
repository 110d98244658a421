"""Saving frames of which the model is not sure, to label and train on them later."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecnn.atomic import write_atomic
from edgecnn.errors import OptionError
from edgecnn.inference.classifier import Prediction
from edgecnn.opencv import encode_fast
from edgecnn.records import Record
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.sinks.names import number_of, numbered_name, oldest_first, slug
from edgecnn.sinks.storage import check_free, make_folder
from edgecnn.text import printable

KEPT = 100
"""How many newest pictures stay in the folder."""
DEFAULT_MARGIN = 0.2
SPACING_S = 1.0
"""Least time between two pictures of a live source, so that one scene cannot fill the folder."""


@dataclass(frozen=True)
class UncertainPicture(Record):
    """What is stored beside a picture as JSON."""

    time_s: float
    """Unix time when the frame was read."""
    source: str
    frame: int
    """The frame's number in the run."""
    label: str
    """The most probable class."""
    known: bool
    margin: float
    """Difference of the two highest probabilities."""
    probabilities: dict[str, float]
    model: str
    """The model's digest."""


class UncertainSink:
    """Saves whole frames of which the model is not sure, with their probabilities."""

    name, queue_size, needs_frames, required = "uncertain", 4, True, False

    def __init__(
        self,
        folder: Path,
        digest: str,
        *,
        margin: float = DEFAULT_MARGIN,
        steps: Mapping[str, int] | None = None,
        kept: int = KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the folder; pictures of earlier runs count towards `kept`.

        Args:
            folder: For the pictures; other files in it are left alone.
            digest: The model's SHA-256, in hex.
            margin: A frame is uncertain if its class is not known, or if the two highest
                probabilities differ by no more than this.
            steps: For files, by source name: the least distance of two pictures in frames. Other
                sources are limited by the clock, to one picture a second.
            kept: How many newest pictures stay in the folder.
            clock: Returns monotonic time in seconds.

        Raises:
            OptionError: The margin is not in 0 to 1.
            DeviceError: The folder cannot be made.
        """
        if not 0 <= margin <= 1:
            raise OptionError(f"--uncertain-margin is {margin:g}", remedy="give 0 to 1, like 0.2")
        self._folder, self._digest, self._margin, self._kept = folder, digest, margin, kept
        self._limit = _RateLimit(steps or {}, clock)
        make_folder(folder, "--save-uncertain")
        self._number = max(map(number_of, folder.iterdir()), default=0)
        for path in folder.glob(".[0-9]*T[0-9]*Z-*.part"):  # left by a killed run
            path.unlink(missing_ok=True)

    def __call__(self, result: Result) -> None:
        """Save the frame if it is uncertain and the source's last picture is old enough.

        Raises:
            DeviceError: The disk is nearly full or cannot be written.
        """
        due = self._limit.is_due(result.source)
        if due and result.prediction and self._is_uncertain(result, result.prediction):
            check_free(self._folder)
            self._save(result, result.prediction)
            self._limit.saved(result.source)
            self._remove_oldest()

    def close(self) -> None:
        """Do nothing: each picture is complete."""

    def _is_uncertain(self, result: Result, prediction: Prediction) -> bool:
        if result.status is not ResultStatus.NONE:  # a covered lens is no training picture
            return False
        return not prediction.known or _margin(prediction) <= self._margin

    def _save(self, result: Result, prediction: Prediction) -> None:
        self._number += 1
        ending = f"-{slug(result.source)}-{slug(prediction.label)}"
        name = numbered_name(result.time_s, self._number, ending)
        facts = _facts(result, prediction, self._digest)
        write_atomic(self._folder / f"{name}.json", facts.to_json(indent=1))
        write_atomic(self._folder / f"{name}.png", encode_fast(result.frame_bgr))

    def _remove_oldest(self) -> None:
        for path in oldest_first(self._folder.iterdir()):
            if number_of(path) > self._number - self._kept:
                return
            path.unlink(missing_ok=True)


class _RateLimit:
    """Limits how often a picture of each source is saved."""

    def __init__(self, steps: Mapping[str, int], clock: Callable[[], float]) -> None:
        self._steps, self._clock = steps, clock
        self._seen: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def is_due(self, source: str) -> bool:
        """Count a frame of the source; return whether it may be saved."""
        self._seen[source] = self._seen.get(source, 0) + 1
        return self._now(source) >= self._due.get(source, 0.0)

    def saved(self, source: str) -> None:
        """Set when the next frame may be saved."""
        self._due[source] = self._now(source) + self._steps.get(source, SPACING_S)

    def _now(self, source: str) -> float:
        return self._seen[source] if source in self._steps else self._clock()


def _margin(prediction: Prediction) -> float:
    (_, first), (_, second) = prediction.top(2)
    return first - second


def _facts(result: Result, prediction: Prediction, digest: str) -> UncertainPicture:
    pairs = zip(prediction.labels, prediction.probabilities, strict=True)
    return UncertainPicture(
        time_s=round(result.time_s, 3),
        source=printable(result.source, limit=1000),
        frame=result.number,
        label=printable(prediction.label, limit=1000),
        known=prediction.known,
        margin=round(_margin(prediction), 6),
        probabilities={printable(label, limit=1000): round(float(p), 6) for label, p in pairs},
        model=digest,
    )
