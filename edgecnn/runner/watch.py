"""From sources to results: classify each frame, smooth the labels, mark doubtful results."""

import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from edgecnn.errors import NonFinite
from edgecnn.inference.classifier import Classifier, Prediction
from edgecnn.runner.result import Result, ResultStatus
from edgecnn.runner.smoothing import Smoother, Smoothing
from edgecnn.sources.capture import CaptureOptions, Source, open_sources
from edgecnn.sources.captured_frame import CapturedFrame
from edgecnn.sources.events import Event, SourceEvent
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.pause import Pause
from edgecnn.sources.region import WHOLE, Region
from edgecnn.sources.sampling import ALL, Sampling

STATUSES = {
    SourceEvent.OBSTRUCTED: ResultStatus.OBSTRUCTED,
    SourceEvent.FROZEN: ResultStatus.FROZEN,
    SourceEvent.SEEING: ResultStatus.NONE,
    SourceEvent.CONNECTING: ResultStatus.NONE,
    SourceEvent.RECONNECTING: ResultStatus.NONE,
}
"""The status of a source's results after an event; other events do not change it."""


@dataclass(frozen=True)
class WatchOptions:
    """How sources are read and labels are made."""

    region: Region = WHOLE
    """The part of a frame that is classified."""
    sampling: Sampling = ALL
    """Which frames are classified."""
    smoothing: Smoothing = field(default_factory=Smoothing)
    """When the label changes."""
    max_frames: int = 0
    """Stop after this many frames; 0: no limit."""
    pause: Pause | None = None
    """Lets another thread pause the run. The next frame of a live source is then its newest."""
    whole: bool = True
    """Results carry whole frames; if False, only the part that the network saw, which is faster."""
    capture: CaptureOptions = field(default_factory=CaptureOptions)
    """How the sources are read."""


DEFAULTS = WatchOptions()


def watch(
    model: str | Path | Classifier, *sources: str | int, options: WatchOptions = DEFAULTS
) -> Generator[Result, None, None]:
    """Classify the frames of sources one by one; the sources are always released.

        >>> for result in edgecnn.watch("objects", 0):  # doctest: +SKIP
        ...     print(result.label, result.probability)

    Args:
        model: A path, the name of a shipped model, or an open `Classifier`.
        sources: See `open_source`. A source that fails does not disturb the others.
        options: Region of interest, frame rate, smoothing and more.

    Yields:
        A `Result` for each frame: always the newest of a live source, every frame of a file.

    Raises:
        NotFound, OptionError, SourceError: See `open_sources`; ModelError, ProviderError: see
            `Classifier`.
    """
    opened = nullcontext(model) if isinstance(model, Classifier) else Classifier(model)
    with opened as classifier:
        watcher = Watcher(classifier, options)
        with watcher.open(sources) as source:
            yield from watcher.results(source)


class Watcher:
    """Makes results from the frames of several sources."""

    def __init__(self, classifier: Classifier, options: WatchOptions) -> None:
        self.busy_since_s: float | None = None
        """When the running inference began, by the monotonic clock; None if none is running."""
        self._classifier, self._options = classifier, options
        self._smoothers = defaultdict[str, Smoother](lambda: Smoother(options.smoothing))
        self._statuses: dict[str, ResultStatus] = {}

    def open(self, sources: Sequence[str | int]) -> AbstractContextManager[Source]:
        """Open sources, and follow their events to mark doubtful results; see `open_sources`."""
        options = self._options
        request = FrameRequest(
            self._classifier.spec, options.whole, options.region, options.sampling
        )
        return open_sources(sources, replace(options.capture, on_event=self._on_event), request)

    def results(self, source: Source) -> Iterator[Result]:
        """Return an iterator over the results of an open source."""
        frames = islice(self._pausing(source.captured_frames()), self._options.max_frames or None)
        return (self._result(number, captured) for number, captured in enumerate(frames, start=1))

    def _pausing(self, frames: Iterator[CapturedFrame]) -> Iterator[CapturedFrame]:
        """Yield the frames; take none from the source during a pause."""
        pause, stop = self._options.pause or Pause(), self._options.capture.stop
        while True:
            pause.wait(stop)
            captured = next(frames, None)
            if captured is None:
                return
            yield captured

    def _on_event(self, event: Event) -> None:
        if event.what in STATUSES:
            self._statuses[event.source] = STATUSES[event.what]
        self._options.capture.on_event(event)

    def _result(self, number: int, captured: CapturedFrame) -> Result:
        prediction = self._predict(captured)
        age_ms = (time.monotonic_ns() - captured.stamp_ns) / 1e6
        status = self._statuses.get(captured.source, ResultStatus.NONE)
        if prediction is None:
            status = ResultStatus.NON_FINITE
        smoother = self._smoothers[captured.source]
        before, obstructed = smoother.label, status is ResultStatus.OBSTRUCTED
        label = smoother.add(None if obstructed else prediction, self._classifier.spec)
        return Result(
            number,
            captured.frame_bgr,
            prediction,
            label,
            label != before,
            captured.source,
            age_ms,
            time.time() - age_ms / 1e3,
            status,
            self._options.region,
            captured.picture,
        )

    def _predict(self, captured: CapturedFrame) -> Prediction | None:
        frame = captured.frame_bgr if captured.fitted is None else captured.fitted
        self.busy_since_s = time.monotonic()
        try:
            return self._classifier(frame)
        except NonFinite:
            return None
        finally:
            self.busy_since_s = None
