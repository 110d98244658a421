"""The states of a live source, as a pure function of what happens and when.

    CONNECTING -> LIVE -> STALLED -> RECONNECTING -> LIVE ...
         `-> FAILED        `-> LIVE        `-> FAILED

Nothing here reads a clock or touches a process: `live` does both.
"""

import math
from dataclasses import dataclass, replace

from edgecnn.sources.events import SourceEvent

SHORTEST_S, LONGEST_S = 1.0, 30.0
SHARE = 0.2
"""The next attempt waits a fifth of the outage so far: at most 2 s in the first ten."""
JITTER = 0.25


@dataclass(frozen=True)
class Patience:
    """How long to wait for a live source. Seconds by the monotonic clock."""

    stall_s: float = 5.0
    """Without a frame for so long, a source has stalled."""
    open_s: float = 10.0
    """An attempt to connect may take so long until its first frame."""
    wait: bool = False
    """Keep trying for a source that is not there at the start."""
    give_up_s: float = 0.0
    """Without a frame for so long, a source has failed; 0: keep trying for ever."""
    doubt_s: float = 5.0
    """A picture that is frozen, obstructed or too slow for so long is reported."""


@dataclass(frozen=True)
class Link:
    """Where the connection to one source stands."""

    state: SourceEvent
    attempt: int
    """Counts the processes that were started; a new number asks for a new process."""
    heard_s: float
    """The last sign of life: a frame, or the start of the attempt."""
    lost_s: float
    """Since when there is no frame."""
    retry_s: float = math.inf
    """When the next attempt starts; infinity while one runs and is trusted."""
    seen: bool = False
    """Whether there ever was a frame."""

    @property
    def idle(self) -> bool:
        """Tell whether no process is to run now."""
        resting = self.retry_s < math.inf and self.state is not SourceEvent.STALLED
        return resting or self.state is SourceEvent.FAILED


def begin(now_s: float) -> Link:
    """Return the state of a source that is being connected for the first time."""
    return Link(SourceEvent.CONNECTING, 1, now_s, now_s)


def on_frame(link: Link, stamp_s: float) -> Link:
    """A frame came that was read at `stamp_s`."""
    return Link(SourceEvent.LIVE, link.attempt, heard_s=stamp_s, lost_s=stamp_s, seen=True)


def on_asked(link: Link, now_s: float) -> Link:
    """A frame that waits was asked for: until it comes, the wait counts from now."""
    heard_s, lost_s = max(link.heard_s, now_s), max(link.lost_s, now_s)
    return replace(link, heard_s=heard_s, lost_s=lost_s)


def on_loss(link: Link, now_s: float, patience: Patience, jitter: float) -> Link:
    """The attempt ended: no connection, hung up, or its process died."""
    if not link.seen and not patience.wait:
        return replace(link, state=SourceEvent.FAILED)
    waiting = SourceEvent.RECONNECTING if link.seen else SourceEvent.CONNECTING
    return replace(link, state=waiting, retry_s=now_s + backoff(now_s - link.lost_s, jitter))


def on_time(link: Link, now_s: float, patience: Patience, jitter: float) -> Link:
    """Time passed."""
    if link.state is SourceEvent.FAILED:
        return link
    if now_s >= _given_up(link, patience):
        return replace(link, state=SourceEvent.FAILED)
    if now_s >= link.retry_s:
        waiting = SourceEvent.RECONNECTING if link.seen else SourceEvent.CONNECTING
        return replace(
            link, state=waiting, attempt=link.attempt + 1, heard_s=now_s, retry_s=math.inf
        )
    if now_s >= _limit(link, patience):
        if link.state is not SourceEvent.LIVE:
            return on_loss(link, now_s, patience, jitter)
        retry_s = now_s + backoff(now_s - link.lost_s, jitter)
        return replace(link, state=SourceEvent.STALLED, retry_s=retry_s)
    return link


def due(link: Link, patience: Patience) -> float:
    """Return when `on_time` next changes something."""
    if link.state is SourceEvent.FAILED:
        return math.inf
    return min(link.retry_s, _limit(link, patience), _given_up(link, patience))


def backoff(outage_s: float, jitter: float) -> float:
    """Return the seconds until the next attempt.

    Args:
        outage_s: How long there has been no frame.
        jitter: 0 to 1, at random: many cameras behind one switch must not return in step.
    """
    return min(LONGEST_S, max(SHORTEST_S, SHARE * outage_s) * (1 + JITTER * jitter))


def _given_up(link: Link, patience: Patience) -> float:
    """Return when the outage has lasted too long; a first attempt has its own limit."""
    counts = patience.give_up_s > 0 and (link.seen or patience.wait)
    return link.lost_s + patience.give_up_s if counts else math.inf


def _limit(link: Link, patience: Patience) -> float:
    """Return until when the running attempt may be silent."""
    if link.retry_s < math.inf:
        return math.inf
    return link.heard_s + (patience.stall_s if link.state is SourceEvent.LIVE else patience.open_s)
