"""What is wanted of a source's frames."""

from dataclasses import dataclass

from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record
from edgecnn.sources.region import WHOLE, Region
from edgecnn.sources.sampling import ALL, Sampling


@dataclass(frozen=True)
class FrameRequest(Record):
    """Which frames, in which form."""

    spec: ModelSpec | None = None
    """What frames are fitted to, if they are."""
    whole: bool = True
    """Whether the whole frame is wanted too; without a spec it always is."""
    region: Region = WHOLE
    """What is fitted."""
    sampling: Sampling = ALL

    def forms(self, frame: Frame) -> list[Frame]:
        """Return the fitted frame and the whole one, as far as they are wanted."""
        if self.spec is None:
            return [frame]
        fitted = fit_frame(self.region.crop(frame), self.spec)
        return [fitted, frame] if self.whole else [fitted]
