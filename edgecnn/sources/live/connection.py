"""The states of a live source, as pure functions of events and their times.

    CONNECTING -> LIVE -> STALLED -> RECONNECTING -> LIVE ...
         `-> FAILED        `-> LIVE        `-> FAILED

Nothing here reads a clock or starts a process: `feed` does both. Times are seconds by the monotonic
clock.
"""

import math
from dataclasses import dataclass, replace

from edgecnn.sources.events import SourceEvent

SHORTEST_S, LONGEST_S = 1.0, 30.0
"""Bounds of the wait before the next attempt."""
SHARE = 0.2
"""The wait before an attempt is a fifth of the outage so far: at most 2 s in the first ten."""
JITTER = 0.25
"""Largest random extension of the wait, as a share of it."""


@dataclass(frozen=True)
class Patience:
    """Time limits of a live source, in seconds."""

    stall_s: float = 5.0
    """A source without a frame for so long has stalled."""
    open_s: float = 10.0
    """Time limit of an attempt to connect, until its first frame."""
    wait: bool = False
    """Whether to keep trying to open a source that is not available at the start."""
    give_up_s: float = 0.0
    """A source without a frame for so long has failed; 0: keep reconnecting forever."""
    doubt_s: float = 5.0
    """Pictures that are frozen or obstructed for so long are reported; also the time over which the
    frame rate is measured."""


@dataclass(frozen=True)
class Link:
    """The state of the connection to one source."""

    state: SourceEvent
    attempt: int
    """Number of the attempt; when it changes, a new process is started."""
    active_s: float
    """Time of the last activity: a frame, a request, or the start of the attempt."""
    lost_s: float
    """Start of the outage: the time of the last frame."""
    retry_s: float = math.inf
    """When the next attempt starts; infinity while an attempt runs and has not stalled."""
    seen: bool = False
    """Whether a frame has ever arrived."""

    @property
    def idle(self) -> bool:
        """Whether no process should run now."""
        backing_off = self.retry_s < math.inf and self.state is not SourceEvent.STALLED
        return backing_off or self.state is SourceEvent.FAILED


def begin(now_s: float) -> Link:
    """Return the link of a source whose first attempt starts now."""
    return Link(SourceEvent.CONNECTING, 1, now_s, now_s)


def on_frame(link: Link, stamp_s: float) -> Link:
    """Return the link after a frame that was read at `stamp_s`."""
    return Link(SourceEvent.LIVE, link.attempt, active_s=stamp_s, lost_s=stamp_s, seen=True)


def on_request(link: Link, now_s: float) -> Link:
    """Return the link after a waiting frame was requested: its time limit starts now."""
    active_s, lost_s = max(link.active_s, now_s), max(link.lost_s, now_s)
    return replace(link, active_s=active_s, lost_s=lost_s)


def on_loss(link: Link, now_s: float, patience: Patience, jitter: float) -> Link:
    """Return the link after an attempt ended: no connection, disconnected, or its process died.

    Args:
        link: The link so far.
        now_s: The time.
        patience: Time limits.
        jitter: 0 to 1, see `backoff`.
    """
    if not link.seen and not patience.wait:
        return replace(link, state=SourceEvent.FAILED)
    retry_s = now_s + backoff(now_s - link.lost_s, jitter)
    return replace(link, state=_connecting(link), retry_s=retry_s)


def on_time(link: Link, now_s: float, patience: Patience, jitter: float) -> Link:
    """Return the link after time has passed.

    Args:
        link: The link so far.
        now_s: The time.
        patience: Time limits.
        jitter: 0 to 1, see `backoff`.
    """
    if link.state is SourceEvent.FAILED:
        return link
    if now_s >= _given_up(link, patience):
        return replace(link, state=SourceEvent.FAILED)
    if now_s >= link.retry_s:
        again = replace(link, state=_connecting(link), attempt=link.attempt + 1)
        return replace(again, active_s=now_s, retry_s=math.inf)
    if now_s >= _limit(link, patience):
        if link.state is not SourceEvent.LIVE:
            return on_loss(link, now_s, patience, jitter)
        retry_s = now_s + backoff(now_s - link.lost_s, jitter)
        return replace(link, state=SourceEvent.STALLED, retry_s=retry_s)
    return link


def due(link: Link, patience: Patience) -> float:
    """Return when `on_time` next changes the link."""
    if link.state is SourceEvent.FAILED:
        return math.inf
    return min(link.retry_s, _limit(link, patience), _given_up(link, patience))


def backoff(outage_s: float, jitter: float) -> float:
    """Return the seconds until the next attempt.

    Args:
        outage_s: Seconds since the last frame.
        jitter: 0 to 1, at random, so that many cameras on one network do not reconnect together.
    """
    return min(LONGEST_S, max(SHORTEST_S, SHARE * outage_s) * (1 + JITTER * jitter))


def _connecting(link: Link) -> SourceEvent:
    return SourceEvent.RECONNECTING if link.seen else SourceEvent.CONNECTING


def _given_up(link: Link, patience: Patience) -> float:
    """Return when the outage has lasted too long; a first attempt has only its own limit."""
    applies = patience.give_up_s > 0 and (link.seen or patience.wait)
    return link.lost_s + patience.give_up_s if applies else math.inf


def _limit(link: Link, patience: Patience) -> float:
    """Return when the running attempt has been without a frame for too long."""
    if link.retry_s < math.inf:
        return math.inf
    return link.active_s + (patience.stall_s if link.state is SourceEvent.LIVE else patience.open_s)
