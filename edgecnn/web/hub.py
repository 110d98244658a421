"""What viewers may know of a run. The run's threads write it, the server's reads it."""

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
"""So many are kept."""
SILENT_S = 2.0
"""Without a result for so long, the last picture is no longer shown as if it were live."""


@dataclass
class Channel:
    """One source."""

    number: int
    """From 0, in the order in which sources were met; it stays."""
    name: str
    state: SourceEvent = SourceEvent.CONNECTING
    result: Result | None = None
    """The newest."""
    heard_s: float = 0.0
    """When there was last a result, or a new state; by the monotonic clock."""
    results: int = 0
    history: History = field(default_factory=History)
    counts: Counts | None = None
    """None where nobody tells them."""


class Hub:
    """The newest result of each source, its last minute, and what happened lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.silent_s = SILENT_S
        self.pause = Pause()
        self.ended = False
        """Whether the run is over."""
        self._channels: dict[str, Channel] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS)
        self._counts: Callable[[], dict[str, Counts]] = dict
        self._lock = Lock()

    def add(self, result: Result) -> None:
        """Take a result."""
        now_s = self.clock()
        latency_ms = result.prediction.latency_ms if result.prediction else 0.0
        with self._lock:
            channel = self._channel(result.source)
            channel.state, channel.result, channel.heard_s = SourceEvent.LIVE, result, now_s
            channel.results += 1
            channel.history.add(now_s, latency_ms, result.age_ms)

    def hear(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            self._events.append(event)
            if event.what is SourceEvent.UNDELIVERED:
                return  # of a sink
            channel = self._channel(event.source)
            if event.what in STATES:
                channel.state = event.what
            if channel.result is None:
                channel.heard_s = event.at_s

    def count(self, counts: Callable[[], dict[str, Counts]]) -> None:
        """Ask there, from now on, what each source gave."""
        self._counts = counts

    def channels(self) -> list[Channel]:
        """Return the sources, in the order of the run where it is known. Only look at them."""
        with self._lock:
            counted = self._counts()
            for name, counts in counted.items():
                self._channel(name).counts = counts
            rest = [name for name in self._channels if name not in counted]
            return [self._channels[name] for name in (*counted, *rest)]

    def events(self) -> list[Event]:
        """Return what happened lately, oldest first."""
        with self._lock:
            return list(self._events)

    def silence_s(self, channel: Channel) -> float | None:
        """Return for how long a source has shown nothing; None while it is live, or at rest."""
        quiet_s = self.clock() - channel.heard_s
        live = channel.state is SourceEvent.LIVE and channel.result is not None
        fresh = quiet_s < self.silent_s or self.pause.requested
        return None if live and fresh else max(0.0, quiet_s)

    def _channel(self, name: str) -> Channel:
        if name not in self._channels:
            self._channels[name] = Channel(len(self._channels), name, heard_s=self.clock())
        return self._channels[name]
