"""Pictures of which the model is not sure, to be labelled and learned: a ring of the newest."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgecnn.atomic import write_atomic
from edgecnn.errors import DeviceError, OptionError
from edgecnn.inference.classifier import Prediction
from edgecnn.opencv import encode_fast
from edgecnn.records import Record
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.sinks.names import number_of, numbered_name, oldest_first, slug
from edgecnn.sinks.storage import check_free
from edgecnn.text import printable

KEPT = 100
DEFAULT_MARGIN = 0.2
SPACING_S = 1.0
"""Between two pictures of a live source: a scene that lasts shall not fill the ring."""


@dataclass(frozen=True)
class UncertainPicture(Record):
    """What is stored beside a picture, as JSON."""

    time_s: float
    """Unix time when the frame had been read."""
    source: str
    frame: int
    """Its number in the run."""
    label: str
    """The most probable class."""
    known: bool
    margin: float
    """Probability of the first class less that of the second."""
    probabilities: dict[str, float]
    model: str
    """The model's digest."""


class UncertainSink:
    """Keeps whole frames of which the model is not sure, and what it said of them."""

    name, depth, sees, vital = "uncertain", 4, True, False

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
        """Open a ring, or begin one; what earlier runs left in it counts.

        Args:
            folder: Where the pictures are; other files in it stay.
            digest: The model's.
            margin: A frame is uncertain if it is not known, or if the two most probable classes
                are no further apart than this.
            steps: For a source that does not go by the clock, by its name: the least distance of
                two pictures in its frames.
            kept: The newest so many stay.
            clock: Tells seconds.

        Raises:
            OptionError: The margin is not within 0 to 1.
            DeviceError: The folder cannot be made.
        """
        if not 0 <= margin <= 1:
            raise OptionError(f"--uncertain-margin is {margin:g}", remedy="give 0 to 1, like 0.2")
        self._folder, self._digest, self._margin, self._kept = folder, digest, margin, kept
        self._pace = _Pace(steps or {}, clock)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeviceError(
                f"{folder} cannot be written: {error.strerror}",
                remedy="give --save-uncertain another folder",
            ) from error
        self._number = max(map(number_of, folder.iterdir()), default=0)
        for path in folder.glob(".[0-9]*T[0-9]*Z-*.part"):  # a killed run left it, one at most
            path.unlink(missing_ok=True)

    def __call__(self, result: Result) -> None:
        """Keep the frame if it is uncertain, and the last one was not just before.

        Raises:
            DeviceError: The disk is nearly full or cannot be written.
        """
        due = self._pace.is_due(result.source)
        if due and result.prediction and self._is_uncertain(result, result.prediction):
            check_free(self._folder)
            self._keep(result, result.prediction)
            self._pace.took(result.source)
            self._trim()

    def close(self) -> None:
        """Do nothing: each picture is whole."""

    def _is_uncertain(self, result: Result, prediction: Prediction) -> bool:
        if result.status is not ResultStatus.NONE:  # nothing can be learned from a covered lens
            return False
        return not prediction.known or _margin(prediction) <= self._margin

    def _keep(self, result: Result, prediction: Prediction) -> None:
        self._number += 1
        ending = f"-{slug(result.source)}-{slug(prediction.label)}"
        name = numbered_name(result.time_s, self._number, ending)
        facts = _facts(result, prediction, self._digest)
        write_atomic(self._folder / f"{name}.json", facts.to_json(indent=1))
        write_atomic(self._folder / f"{name}.png", encode_fast(result.frame_bgr))

    def _trim(self) -> None:
        for path in oldest_first(self._folder.iterdir()):
            if number_of(path) > self._number - self._kept:
                return
            path.unlink(missing_ok=True)


class _Pace:
    """When a source may give its next picture."""

    def __init__(self, steps: Mapping[str, int], clock: Callable[[], float]) -> None:
        self._steps, self._clock = steps, clock
        self._seen: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def is_due(self, source: str) -> bool:
        """Tell whether the source's frame, which has just come, may be taken."""
        self._seen[source] = self._seen.get(source, 0) + 1
        return self._now(source) >= self._due.get(source, 0.0)

    def took(self, source: str) -> None:
        """Note that it was taken."""
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
