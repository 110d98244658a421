"""What becomes of one frame."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from edgecnn.inference.classifier import Prediction
from edgecnn.model.frame import Frame
from edgecnn.runner.smoothing import UNKNOWN
from edgecnn.sources.region import WHOLE, Region

NO_FRAME: Frame = np.empty((0, 0, 3), np.uint8)


class ResultStatus(str, Enum):
    """Why a frame's answer is not to be trusted."""

    NONE = ""
    NON_FINITE = "non_finite"
    """The network answered with NaN or infinity: there is no prediction."""
    OBSTRUCTED = "obstructed"
    """The picture has been black, white or of one shade for a while: the answer is withheld."""
    FROZEN = "frozen"
    """The picture has not changed for a while: the answer may be an old one."""


@dataclass(frozen=True, eq=False)
class Result:
    """One classified frame."""

    number: int
    """From 1."""
    frame_bgr: Frame
    """The whole frame, as the source gave it; the fitted one, if no whole ones were asked for."""
    prediction: Prediction | None
    """What the network says of this frame alone; None if that is not a number."""
    label: str = UNKNOWN
    """The answer: a class once enough predictions said so and it is known, else `unknown`."""
    changed: bool = False
    """Whether the source's answer before this was another one."""
    source: str = ""
    """The name of the source, without credentials."""
    age_ms: float = 0.0
    """From the moment when the frame had been read to the prediction. What camera and driver held
    back before is not in it."""
    time_s: float = 0.0
    """When the frame had been read: Unix time, by a clock that may jump."""
    status: ResultStatus = ResultStatus.NONE
    region: Region = WHOLE
    """What of the frame was classified."""

    picture: str = ""
    """The frame's file, where the source is a folder of pictures."""

    def without_frame(self) -> "Result":
        """Return the same without its frame."""
        return replace(self, frame_bgr=NO_FRAME)

    @property
    def probability(self) -> float:
        """Return the prediction's probability, 0 to 1; 0 if there is none."""
        return self.prediction.probability if self.prediction else 0.0
