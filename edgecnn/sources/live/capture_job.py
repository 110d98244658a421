"""The instructions of a capture process."""

from dataclasses import dataclass

from edgecnn.records import Record
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.settings import CameraSettings
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.live.command import parse_command
from edgecnn.sources.live.connection import Patience


@dataclass(frozen=True)
class CaptureJob(Record):
    """What to capture. It is sent over a pipe, since any user can read command lines."""

    place: str
    """The source with its credentials; a camera by its path."""
    kind: Kind
    settings: CameraSettings
    request: FrameRequest
    limit_s: float
    """Time limit of connecting, and of each read."""
    doubt_s: float
    """As in `Patience`."""
    alive_s: float
    """While no frame is sampled, the process reports at this interval that frames arrive."""
    parent: int
    """Process id of the parent: the capture process ends with it."""


def plan_job(
    source: str, kind: Kind, settings: CameraSettings, patience: Patience, request: FrameRequest
) -> CaptureJob:
    """Return the job of a capture process.

    Args:
        source: The source's text, with credentials.
        kind: Its kind, a live one.
        settings: Requested camera settings.
        patience: Time limits, from which the job's limits follow.
        request: Which frames the process delivers, in which form.

    Raises:
        OptionError: A command or a setting cannot be used.
    """
    if kind is Kind.COMMAND:
        parse_command(source)
    settings.asked()
    limits = (max(patience.open_s, patience.stall_s), patience.doubt_s, patience.stall_s / 4)
    return CaptureJob(source, kind, settings, request, *limits, parent=0)
