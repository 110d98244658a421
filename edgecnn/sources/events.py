"""What is told of a source: its state, what is odd about its pictures, how many it gave."""

from dataclasses import dataclass
from enum import Enum

from edgecnn.records import Record
from edgecnn.text import printable


class SourceEvent(str, Enum):
    """The states of a live source, then what can be odd about its pictures."""

    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    STALLED = "STALLED"
    RECONNECTING = "RECONNECTING"
    FAILED = "FAILED"
    FROZEN = "frozen"
    """The same picture for a while."""
    OBSTRUCTED = "obstructed"
    """Black, white, or a covered lens."""
    SEEING = "seeing"
    """No longer frozen or obstructed."""
    CORRUPT = "corrupt"
    """Pictures that cannot be decoded are left out."""
    RESIZED = "resized"
    RATE = "rate"
    """The frame rate is not what the source claims."""
    UNDELIVERED = "undelivered"
    """Not of a source but of a sink: results do not reach it."""


GOOD = (SourceEvent.CONNECTING, SourceEvent.LIVE, SourceEvent.SEEING)


@dataclass(frozen=True)
class Event(Record):
    """One thing that happened to a source."""

    source: str
    """Without credentials."""
    what: SourceEvent
    detail: str
    at_s: float
    """By the monotonic clock."""

    def __str__(self) -> str:
        text = f"{self.source}: {self.what.value}{self.detail and ', '}{self.detail}"
        return printable(text, limit=1000)


@dataclass(frozen=True)
class Counts(Record):
    """What a source gave since it was opened, over all its connections."""

    frames: int = 0
    """Whole frames that the source gave."""
    dropped: int = 0
    """Frames that nobody was ready for when the next one came; always 0 for a file."""
    corrupt: int = 0
    """Pictures that could not be decoded."""
    stalls: int = 0
    reconnects: int = 0


def log_event(event: Event) -> None:
    """Write one line to Python's logging, as `edgecnn.capture`."""
    import logging  # some milliseconds of a start that tells nothing

    log = logging.getLogger("edgecnn.capture")
    log.log(logging.INFO if event.what in GOOD else logging.WARNING, "%s", event)
