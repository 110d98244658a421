"""Sources of frames: a camera, a video, pictures, a stream, a command, the built-in test pattern.

Live sources are read by a process of their own, which is replaced when it stops giving frames;
they give their newest frame. Files wait for their reader, and none of their frames is dropped.
"""

import math
import select
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from edgecnn.errors import OptionError
from edgecnn.model.frame import Frame
from edgecnn.sources.address import hide_credentials, kind_of
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
    """What to ask of a camera."""
    patience: Patience = field(default_factory=Patience)
    """How long to wait for a live source."""
    stop: Stop | None = None
    """Once it is wanted, there are no more frames."""
    on_event: Callable[[Event], None] = log_event
    """Told every change of a live source."""


DEFAULTS = CaptureOptions()
EVERYTHING = FrameRequest()


class Source:
    """One or several opened sources: iterate it for (H, W, 3) BGR uint8 frames."""

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
        """Size, rate and format; for a camera, what was asked against what it gives."""
        self.fps = fps
        """Frames a second as the source claims them; 0 if it does not."""
        self._captured_frames = captured_frames
        self._feeds = feeds

    def __iter__(self) -> Iterator[Frame]:
        return (captured.frame_bgr for captured in self._captured_frames)

    def captured_frames(self) -> Iterator[CapturedFrame]:
        """Return an iterator over frames with their source, time and fitted form."""
        return self._captured_frames

    @property
    def rates(self) -> dict[str, float]:
        """Frames a second of each file as it claims them, 0 if it does not; not of live sources."""
        return {feed.name: feed.fps for feed in self._feeds if isinstance(feed, Prefetcher)}

    @property
    def counts(self) -> dict[str, Counts]:
        """What each source gave until now, by its name."""
        return {feed.name: feed.counts for feed in self._feeds}


@contextmanager
def open_source(
    source: str | int, options: CaptureOptions = DEFAULTS, wanted: FrameRequest = EVERYTHING
) -> Generator[Source, None, None]:
    """Open a source of frames; it is released on every way out.

    A live source that stalls or goes away is connected again, for ever or until
    `options.patience.give_up_s`; what happens to it is told to `options.on_event`.

    Args:
        source: A camera's index or path, the path of a video, picture or folder of pictures, a
            URL, `exec:COMMAND`, or `pattern`: a moving test picture that never ends.
        options: How it is read.
        wanted: Which of its frames, in which form; by default all of them, as they are.

    Raises:
        NotFound: There is no such file, or a folder has no pictures.
        OptionError: A command cannot be parsed.
        SourceError: It did not open; while iterating: a live source was given up.
    """
    with open_sources([source], options, wanted) as opened:
        yield opened


@contextmanager
def open_sources(
    sources: Sequence[str | int],
    options: CaptureOptions = DEFAULTS,
    wanted: FrameRequest = EVERYTHING,
) -> Generator[Source, None, None]:
    """Open several sources as one, which gives their frames in turn.

    A source that stalls or fails does not hold up the others; that it failed is raised when the
    others have ended. Args and Raises are those of `open_source`.
    """
    _check(sources)
    with ExitStack() as stack:
        feeds = [
            stack.enter_context(closing(_open(str(source), options, wanted, len(sources) == 1)))
            for source in sources
        ]
        stack.callback(_let_go, feeds)
        _settle(feeds, options.stop)
        several = len(feeds) > 1
        facts = [f"{feed.name}: {feed.facts}" if several else feed.facts for feed in feeds]
        yield Source(
            ", ".join(feed.name for feed in feeds),
            _rounds(feeds, options.stop),
            "; ".join(facts),
            max(feed.fps for feed in feeds),
            feeds,
        )


def _check(sources: Sequence[str | int]) -> None:
    names = [str(source) for source in sources]
    twice = [hide_credentials(name) for name in names if names.count(name) > 1]
    if twice or not names:
        what = f"source {twice[0]!r} is given twice" if twice else "there is no source"
        raise OptionError(what, remedy="give each source once")


def _open(source: str, options: CaptureOptions, wanted: FrameRequest, alone: bool) -> Feed:
    kind = kind_of(source)
    name = printable(hide_credentials(source), limit=1000)
    if kind.live:
        # Here: a run of a file starts sooner without them.
        from edgecnn.sources.live.capture_job import plan_job
        from edgecnn.sources.live.feed import LiveFeed

        job = plan_job(source, kind, options.settings, options.patience, wanted)
        return LiveFeed(name, job, options.patience, options.on_event, alone=alone)
    return Prefetcher(name, open_file_source(source, kind), wanted)


def _let_go(feeds: Sequence[Feed]) -> None:
    """Let all sources be released at once, before each is waited for."""
    for feed in feeds:
        feed.let_go()


def _settle(feeds: Sequence[Feed], stop: Stop | None) -> None:
    """Wait until there is a source to read; raises what went wrong if there will be none."""
    while all(feed.opening or feed.state is SourceEvent.FAILED for feed in feeds):
        if stop and stop.wanted:
            return
        if all(feed.state is SourceEvent.FAILED for feed in feeds):
            raise feeds[0].failure()
        _wait(feeds, stop)
        for feed in feeds:
            feed.step()


def _rounds(feeds: Sequence[Feed], stop: Stop | None = None) -> Iterator[CapturedFrame]:
    """Yield frames in turn: who was served last is asked last."""
    turns, served = list(feeds), None
    while turns:
        if stop and stop.wanted:
            return
        for feed in list(turns):
            captured = _next(feed, heard=feed is served)
            if feed.over:
                turns.remove(feed)
            if captured is not None:
                _serve_last(feed, turns)
                served = feed
                yield captured
                break
        else:
            served = None
            _wait(turns, stop)
    for feed in feeds:
        if feed.state is SourceEvent.FAILED:
            raise feed.failure()


def _next(feed: Feed, *, heard: bool) -> CapturedFrame | None:
    """Return a feed's next frame; who has just been heard will be heard again after the wait."""
    if not heard:
        feed.step()
    return feed.take()


def _serve_last(feed: Feed, turns: list[Feed]) -> None:
    if feed in turns:
        turns.remove(feed)
        turns.append(feed)


def _wait(feeds: Sequence[Feed], stop: Stop | None) -> None:
    """Wait until a source has something to say, it is time to look at one, or to stop."""
    poll = select.poll()
    if stop:
        poll.register(stop, select.POLLIN)
    for feed in feeds:
        for descriptor in feed.files():
            poll.register(descriptor, select.POLLIN)
    seconds = min((feed.due() for feed in feeds), default=0.0) - time.monotonic()
    poll.poll(None if math.isinf(seconds) else max(0, math.ceil(seconds * 1000)))
