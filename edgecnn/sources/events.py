"""What is reported about a source: its state, problems with its pictures, and frame counts."""

from dataclasses import dataclass
from enum import Enum

from edgecnn.records import Record
from edgecnn.text import printable


class SourceEvent(str, Enum):
    """The states of a live source (upper case), then problems with its pictures."""

    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    STALLED = "STALLED"
    RECONNECTING = "RECONNECTING"
    FAILED = "FAILED"
    FROZEN = "frozen"
    """The picture has not changed for a while."""
    OBSTRUCTED = "obstructed"
    """The picture is black, white or of one shade: the lens may be covered."""
    SEEING = "seeing"
    """The picture is no longer frozen or obstructed."""
    CORRUPT = "corrupt"
    """Pictures that cannot be decoded are skipped."""
    RESIZED = "resized"
    RATE = "rate"
    """The frame rate differs from the one that the source claims."""
    UNDELIVERED = "undelivered"
    """An event of a sink, not of a source: results do not reach it."""


GOOD = (SourceEvent.CONNECTING, SourceEvent.LIVE, SourceEvent.SEEING)


@dataclass(frozen=True)
class Event(Record):
    """One thing that happened to a source."""

    source: str
    """The source's name, without credentials."""
    what: SourceEvent
    detail: str
    at_s: float
    """Monotonic clock, in seconds."""

    def __str__(self) -> str:
        text = f"{self.source}: {self.what.value}{self.detail and ', '}{self.detail}"
        return printable(text, limit=1000)


@dataclass(frozen=True)
class Counts(Record):
    """What a source delivered since it was opened, over all its connections."""

    frames: int = 0
    """Frames that the source delivered and that could be decoded."""
    dropped: int = 0
    """Frames that were replaced by a newer one before they were taken; always 0 for a file."""
    corrupt: int = 0
    """Pictures that could not be decoded."""
    stalls: int = 0
    reconnects: int = 0


def log_event(event: Event) -> None:
    """Log one line with Python's logging, as `edgecnn.capture`."""
    import logging  # here: a run without events starts some milliseconds sooner

    log = logging.getLogger("edgecnn.capture")
    log.log(logging.INFO if event.what in GOOD else logging.WARNING, "%s", event)
