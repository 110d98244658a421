"""A frame with its source and the time it was read."""

from dataclasses import dataclass

from edgecnn.model.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """One frame of a source."""

    source: str
    """The source's name, without credentials."""
    frame_bgr: Frame
    """(H, W, 3) uint8, the whole frame; the fitted one if the request excludes whole frames."""
    fitted: Frame | None
    """(height, width, channels) uint8, the output of `fit_frame`; None without a spec."""
    stamp_ns: int
    """Monotonic clock when reading ended, in ns; delay inside camera and driver is not included."""
    picture: str = ""
    """Path of the picture file, if the source is a folder of pictures."""
