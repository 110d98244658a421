"""A frame with what is known of it."""

from dataclasses import dataclass

from edgecnn.model.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """One frame of a source."""

    source: str
    """The source's name, without credentials."""
    frame_bgr: Frame
    """The whole frame, (H, W, 3); the fitted one, if whole frames were not asked for."""
    fitted: Frame | None
    """As `fit_frame` gives it, if a spec was given: ready for the network."""
    stamp_ns: int
    """When it had been read, by the monotonic clock. What camera and driver held back is not in."""
    picture: str = ""
    """Its file, where the source is a folder of pictures."""
