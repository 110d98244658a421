"""What a capture process is told to do."""

from dataclasses import dataclass

from edgecnn.records import Record
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.settings import CameraSettings
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.live.command import parse_command
from edgecnn.sources.live.connection import Patience


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


def plan_job(
    source: str, kind: Kind, settings: CameraSettings, patience: Patience, wanted: FrameRequest
) -> CaptureJob:
    """Return what a capture process is to do.

    Raises:
        OptionError: A command or a setting cannot be used.
    """
    if kind is Kind.COMMAND:
        parse_command(source)
    settings.asked()
    limits = (max(patience.open_s, patience.stall_s), patience.doubt_s, patience.stall_s / 4)
    return CaptureJob(source, kind, settings, wanted, *limits, parent=0)
