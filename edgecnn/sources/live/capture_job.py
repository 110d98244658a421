"""What a capture process is told to do."""

from dataclasses import dataclass

from edgecnn.records import Record
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.settings import CameraSettings
from edgecnn.sources.frame_request import FrameRequest


@dataclass(frozen=True)
class CaptureJob(Record):
    """What a capture process is told: over a pipe, since anybody can read a command line."""

    place: str
    """With credentials. A camera by its path."""
    kind: Kind
    settings: CameraSettings
    wanted: FrameRequest
    limit_s: float
    """What connecting, and each read, may take at most."""
    doubt_s: float
    alive_s: float
    """While frames are left out, the reader is told so often that they come."""
    parent: int
    """The process to die with."""
