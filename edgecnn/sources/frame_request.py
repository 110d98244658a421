"""What a reader requests of a source: which frames, and in which form."""

from dataclasses import dataclass

from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record
from edgecnn.sources.region import WHOLE, Region
from edgecnn.sources.sampling import ALL, Sampling


@dataclass(frozen=True)
class FrameRequest(Record):
    """Which frames a reader receives, and in which form."""

    spec: ModelSpec | None = None
    """Frames are fitted to this spec; None: they are not fitted."""
    whole: bool = True
    """Whether the whole frame is delivered too; without a spec it always is."""
    region: Region = WHOLE
    """The part of the frame that is fitted."""
    sampling: Sampling = ALL

    def forms(self, frame: Frame) -> list[Frame]:
        """Return the requested forms of an (H, W, 3) uint8 BGR frame: fitted first, then whole."""
        if self.spec is None:
            return [frame]
        fitted = fit_frame(self.region.crop(frame), self.spec)
        return [fitted, frame] if self.whole else [fitted]
