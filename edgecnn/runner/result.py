"""The result of classifying one frame."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from edgecnn.inference.classifier import Prediction
from edgecnn.model.frame import Frame
from edgecnn.runner.smoothing import UNKNOWN
from edgecnn.sources.region import WHOLE, Region

NO_FRAME: Frame = np.empty((0, 0, 3), np.uint8)
"""The frame of a result that carries none."""


class ResultStatus(str, Enum):
    """Why a result cannot be trusted; NONE if it can."""

    NONE = ""
    NON_FINITE = "non_finite"
    """The network returned NaN or infinity: there is no prediction."""
    OBSTRUCTED = "obstructed"
    """The picture has been of one colour for some seconds: the label is `unknown`."""
    FROZEN = "frozen"
    """The picture has not changed for some seconds: the label may be outdated."""


@dataclass(frozen=True, eq=False)
class Result:
    """One classified frame."""

    number: int
    """The frame's number in the run, from 1."""
    frame_bgr: Frame
    """(height, width, 3) BGR or (height, width) gray, uint8: the whole frame from the source. If
    `WatchOptions.whole` is False it is the part that the network saw; it may also be empty."""
    prediction: Prediction | None
    """What the network returned for this frame alone; None if that was NaN or infinity."""
    label: str = UNKNOWN
    """The smoothed label: a class that enough recent predictions agree on, else `unknown`."""
    changed: bool = False
    """Whether the label differs from this source's label before."""
    source: str = ""
    """The name of the source, without credentials."""
    age_ms: float = 0.0
    """Milliseconds from the moment the frame was read to its prediction; delays inside the camera
    and its driver are not included."""
    time_s: float = 0.0
    """When the frame was read: Unix time in seconds, by the system clock, which may jump."""
    status: ResultStatus = ResultStatus.NONE
    region: Region = WHOLE
    """The part of the frame that was classified."""
    picture: str = ""
    """The frame's file, if the source is a folder of pictures."""

    def without_frame(self) -> "Result":
        """Return a copy without the frame."""
        return replace(self, frame_bgr=NO_FRAME)

    @property
    def probability(self) -> float:
        """The prediction's probability, 0 to 1; 0 without a prediction."""
        return self.prediction.probability if self.prediction else 0.0
