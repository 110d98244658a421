"""Opens sources of frames: cameras, videos, pictures, streams, commands, the test pattern.

A live source is read by a process of its own, which is replaced when it stops delivering frames;
the reader gets the newest frame. A file source waits for its reader, and none of its frames is
dropped.
"""

import math
import select
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from edgecnn.errors import OptionError
from edgecnn.exhaustive import assert_never
from edgecnn.model.frame import Frame
from edgecnn.sources.address import Kind, hide_credentials, kind_of
from edgecnn.sources.cameras.settings import CameraSettings
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Counts, Event, SourceEvent, log_event
from edgecnn.sources.file_source import open_file_source
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.live.connection import Patience
from edgecnn.sources.prefetch import Prefetcher
from edgecnn.sources.stop import Stop
from edgecnn.text import printable

if TYPE_CHECKING:
    from edgecnn.sources.live.feed import LiveFeed

Feed: TypeAlias = "LiveFeed | Prefetcher"


@dataclass(frozen=True)
class CaptureOptions:
    """How sources are read."""

    settings: CameraSettings = field(default_factory=CameraSettings)
    """Requested camera settings."""
    patience: Patience = field(default_factory=Patience)
    """Time limits of a live source."""
    stop: Stop | None = None
    """A stop request ends the iteration over frames."""
    on_event: Callable[[Event], None] = log_event
    """Called with every change of a live source."""


DEFAULTS = CaptureOptions()
EVERYTHING = FrameRequest()


class Source:
    """One or several open sources: iterate over it for (H, W, 3) BGR uint8 frames."""

    def __init__(
        self,
        name: str,
        captured_frames: Iterator[CapturedFrame],
        facts: str,
        fps: float = 0.0,
        feeds: Sequence[Feed] = (),
    ) -> None:
        self.name = name
        """As the user gave it, without credentials."""
        self.facts = facts
        """Size, rate and format; for a camera, the requested and the actual settings."""
        self.fps = fps
        """Frames a second as the source claims; 0 if it makes no claim."""
        self._captured_frames = captured_frames
        self._feeds = feeds

    def __iter__(self) -> Iterator[Frame]:
        return (captured.frame_bgr for captured in self._captured_frames)

    def captured_frames(self) -> Iterator[CapturedFrame]:
        """Return an iterator over frames with their source, time and fitted form."""
        return self._captured_frames

    @property
    def rates(self) -> dict[str, float]:
        """Frames a second that each file claims, 0 without a claim; live sources are left out."""
        return {feed.name: feed.fps for feed in self._feeds if isinstance(feed, Prefetcher)}

    @property
    def counts(self) -> dict[str, Counts]:
        """What each source has delivered so far, by the source's name."""
        return {feed.name: feed.counts for feed in self._feeds}


@contextmanager
def open_source(
    source: str | int, options: CaptureOptions = DEFAULTS, request: FrameRequest = EVERYTHING
) -> Generator[Source, None, None]:
    """Open a source of frames; it is released when the block ends, however it ends.

    A live source that stalls or disconnects is reconnected, forever or until
    `options.patience.give_up_s`; its changes are reported to `options.on_event`.

    Args:
        source: A camera's index or path, the path of a video, picture or folder of pictures, a
            URL, `exec:COMMAND`, or `pattern`: a moving test picture that never ends.
        options: How the source is read.
        request: Which frames to deliver, in which form; by default all, unchanged.

    Raises:
        NotFound: There is no such file, or a folder has no pictures.
        OptionError: A command cannot be parsed.
        SourceError: The source cannot be opened; while iterating: a live source was given up.
    """
    with open_sources([source], options, request) as opened:
        yield opened


@contextmanager
def open_sources(
    sources: Sequence[str | int],
    options: CaptureOptions = DEFAULTS,
    request: FrameRequest = EVERYTHING,
) -> Generator[Source, None, None]:
    """Open several sources as one that yields their frames in turn.

    A source that stalls or fails does not block the others; its failure is raised after the others
    have ended.

    Args:
        sources: Each as in `open_source`, no two of them equal.
        options: How all of them are read.
        request: Which frames to deliver, in which form.

    Raises:
        NotFound, OptionError, SourceError: See `open_source`.
    """
    _check(sources)
    with ExitStack() as stack:
        feeds = [
            stack.enter_context(closing(_open(str(source), options, request, len(sources) == 1)))
            for source in sources
        ]
        stack.callback(_release, feeds)
        _wait_until_open(feeds, options.stop)
        facts = [f"{f.name}: {f.facts}" if len(feeds) > 1 else f.facts for f in feeds]
        name, fps = ", ".join(feed.name for feed in feeds), max(feed.fps for feed in feeds)
        yield Source(name, _take_in_turn(feeds, options.stop), "; ".join(facts), fps, feeds)


def _check(sources: Sequence[str | int]) -> None:
    names = [str(source) for source in sources]
    twice = [hide_credentials(name) for name in names if names.count(name) > 1]
    if twice or not names:
        what = f"source {twice[0]!r} is given twice" if twice else "there is no source"
        raise OptionError(what, remedy="give each source once")


def _open(source: str, options: CaptureOptions, request: FrameRequest, alone: bool) -> Feed:
    kind = kind_of(source)
    name = printable(hide_credentials(source), limit=1000)
    match kind:
        case Kind.PATTERN | Kind.PICTURES | Kind.FILE:
            return Prefetcher(name, open_file_source(source, kind), request)
        case Kind.CAMERA | Kind.HTTP | Kind.STREAM | Kind.COMMAND:
            # Imported here: a run of a file starts sooner without these modules.
            from edgecnn.sources.live.capture_job import plan_job
            from edgecnn.sources.live.feed import LiveFeed

            job = plan_job(source, kind, options.settings, options.patience, request)
            return LiveFeed(name, job, options.patience, options.on_event, alone=alone)
        case _:
            assert_never(kind)


def _release(feeds: Sequence[Feed]) -> None:
    """Let all sources start releasing their devices before each is waited for."""
    for feed in feeds:
        feed.release()


def _wait_until_open(feeds: Sequence[Feed], stop: Stop | None) -> None:
    """Wait until one source has opened; raise the first one's error if all have failed."""
    while all(feed.opening or feed.state is SourceEvent.FAILED for feed in feeds):
        if stop and stop.requested:
            return
        if all(feed.state is SourceEvent.FAILED for feed in feeds):
            raise feeds[0].failure()
        _wait(feeds, stop)
        for feed in feeds:
            feed.step()


def _take_in_turn(feeds: Sequence[Feed], stop: Stop | None = None) -> Iterator[CapturedFrame]:
    """Yield frames round-robin: the source that was served last is tried last."""
    turns, served = list(feeds), None
    while turns:
        if stop and stop.requested:
            return
        for feed in list(turns):
            captured = _take(feed, step=feed is not served)
            if feed.over:
                turns.remove(feed)
            if captured is not None:
                turns.sort(key=lambda other: other is feed)  # stable: moves it to the end
                served = feed
                yield captured
                break
        else:
            served = None
            _wait(turns, stop)
    for feed in feeds:
        if feed.state is SourceEvent.FAILED:
            raise feed.failure()


def _take(feed: Feed, *, step: bool) -> CapturedFrame | None:
    """Skip `step` for the source served last; it is polled after the next wait."""
    if step:
        feed.step()
    return feed.take()


def _wait(feeds: Sequence[Feed], stop: Stop | None) -> None:
    """Wait until a source has an event or reaches its due time, or a stop is requested."""
    poll = select.poll()
    if stop:
        poll.register(stop, select.POLLIN)
    for feed in feeds:
        for descriptor in feed.descriptors():
            poll.register(descriptor, select.POLLIN)
    seconds = min((feed.due() for feed in feeds), default=0.0) - time.monotonic()
    poll.poll(None if math.isinf(seconds) else max(0, math.ceil(seconds * 1000)))
