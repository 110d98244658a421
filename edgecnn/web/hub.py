"""The state of a run that viewers see. The run's threads write it, the server's thread reads it."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from edgecnn.runner.result import Result
from edgecnn.sources.events import Counts, Event, SourceEvent
from edgecnn.sources.pause import Pause
from edgecnn.web.history import History

STATES = (
    SourceEvent.CONNECTING,
    SourceEvent.LIVE,
    SourceEvent.STALLED,
    SourceEvent.RECONNECTING,
    SourceEvent.FAILED,
)
EVENTS = 20
"""How many newest events are kept."""
SILENT_S = 2.0
"""After this time without a result, the last picture is no longer shown."""


@dataclass
class Channel:
    """The state of one source."""

    number: int
    """From 0, in the order in which sources appeared; it never changes."""
    name: str
    state: SourceEvent = SourceEvent.CONNECTING
    result: Result | None = None
    """The newest result."""
    active_s: float = 0.0
    """When the last result or event came, by the monotonic clock."""
    results: int = 0
    """How many results there were."""
    history: History = field(default_factory=History)
    counts: Counts | None = None
    """None if the source reports no counts."""


class Hub:
    """The newest result and history of each source, and recent events.

    Args:
        clock: Returns monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.silent_s = SILENT_S
        self.pause = Pause()
        self.ended = False
        """Whether the run has ended."""
        self._channels: dict[str, Channel] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS)
        self._counts: Callable[[], dict[str, Counts]] = dict
        self._lock = Lock()

    def add(self, result: Result) -> None:
        """Store a result."""
        now_s = self.clock()
        latency_ms = result.prediction.latency_ms if result.prediction else 0.0
        with self._lock:
            channel = self._channel(result.source)
            channel.state, channel.result, channel.active_s = SourceEvent.LIVE, result, now_s
            channel.results += 1
            channel.history.add(now_s, latency_ms, result.age_ms)

    def add_event(self, event: Event) -> None:
        """Store an event; it may change the state of its source."""
        with self._lock:
            self._events.append(event)
            if event.what is SourceEvent.UNDELIVERED:
                return  # an event of a sink
            channel = self._channel(event.source)
            if event.what in STATES:
                channel.state = event.what
            if channel.result is None:
                channel.active_s = event.at_s

    def set_counts(self, counts: Callable[[], dict[str, Counts]]) -> None:
        """Set the function that returns the frame counts of each source."""
        self._counts = counts

    def channels(self) -> list[Channel]:
        """Return the sources, in the order of the run if known; treat them as read-only."""
        with self._lock:
            counted = self._counts()
            for name, counts in counted.items():
                self._channel(name).counts = counts
            rest = [name for name in self._channels if name not in counted]
            return [self._channels[name] for name in (*counted, *rest)]

    def events(self) -> list[Event]:
        """Return the recent events, oldest first."""
        with self._lock:
            return list(self._events)

    def silence_s(self, channel: Channel) -> float | None:
        """Return for how many seconds a source has been silent; None if it is live or paused."""
        quiet_s = self.clock() - channel.active_s
        live = channel.state is SourceEvent.LIVE and channel.result is not None
        fresh = quiet_s < self.silent_s or self.pause.requested
        return None if live and fresh else max(0.0, quiet_s)

    def _channel(self, name: str) -> Channel:
        if name not in self._channels:
            self._channels[name] = Channel(len(self._channels), name, active_s=self.clock())
        return self._channels[name]
