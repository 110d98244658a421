"""`collect`: save frames of a source as labelled pictures, in an image folder that `train` reads.

The pictures stay on this machine: nothing is sent over the network.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from edgecnn.collector.filters import Filters
from edgecnn.collector.frame_quality import FrameSelector, Selection
from edgecnn.collector.layout import Split, advice, check_label, check_out, choose_split
from edgecnn.collector.preview import Preview
from edgecnn.collector.recording import Recorder, Recording, kept_hashes
from edgecnn.collector.sampling_interval import is_live, plan_interval
from edgecnn.errors import DeviceError, EdgeError, OptionError
from edgecnn.model.frame import Frame
from edgecnn.records import Record
from edgecnn.runner.supervise import Supervision, supervise
from edgecnn.sources.capture import CaptureOptions, Source, open_source
from edgecnn.sources.live.connection import Patience
from edgecnn.sources.stop import Stop

DEFAULT_FILTERS = Filters()
GIVE_UP_SOON = CaptureOptions(patience=Patience(give_up_s=10.0))
"""A person is holding objects before the camera, so a lost camera is reported soon."""


@dataclass(frozen=True)
class CollectReport(Record):
    """The summary of a recording."""

    label: str
    split: Split
    """The part that the whole recording belongs to: train, val or test."""
    kept: int
    seen: int
    """Frames that the source gave; frames that were not due are neither kept nor dropped."""
    dropped: dict[str, int]
    """Frames that were due and not kept, by reason: one_colour, blurred, near_duplicate."""
    folder: str
    recording: str
    """The id: UTC time of the start and six random hex digits."""
    source: str
    """Without credentials."""
    facts: str
    """Size, frame rate and format that the source reports."""
    seconds: float
    notes: tuple[str, ...]
    """What this label still lacks."""
    interrupted: bool
    """Whether Ctrl-C stopped it."""


def collect(
    label: str,
    source: str | int,
    out: str | Path = "pictures",
    *,
    every: str = "",
    count: int = 0,
    split: str = "auto",
    filters: Filters = DEFAULT_FILTERS,
    jpeg: bool = False,
    window: bool = False,
    options: CaptureOptions = GIVE_UP_SOON,
    on_progress: Callable[[Path], object] = lambda _: None,
) -> CollectReport:
    """Save frames of a source as pictures of one label; they stay on this machine.

    Whole frames are saved; training resizes them with `fit_frame`. All pictures of one call, a
    recording, belong to one part of the data set. Ctrl-C ends the recording normally.

    Args:
        label: The class, and the name of its folder.
        source: A camera index, video, picture, folder, URL or `pattern`, see `open_source`.
        out: The image folder, for `train/<label>/` and so on.
        every: The interval: seconds like `0.5s` or frames like `10`; empty: half a second, or every
            picture of a folder.
        count: Stop after this many pictures; 0: no limit.
        split: train, val, test, or auto: chosen by the label's existing recordings.
        filters: Which frames are kept.
        jpeg: Save JPEG of quality 95 instead of PNG, which is lossless.
        window: Show a window in which the user chooses the frames.
        options: How the source is read. By default, a live source that gives no frame for ten
            seconds ends the recording.
        on_progress: Called with the path of each saved picture.

    Raises:
        OptionError: The label is no valid folder name, or another value is invalid.
        DataError: `out` has another layout, or the JSON file of a recording is broken.
        NotFound, SourceError: See `open_source`; the message says how many pictures were kept.
        DeviceError: The disk is full, or there is no screen for the window.
    """
    out = Path(out)
    _check(label, out, count, split)
    stop = Stop()
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(source, replace(options, stop=stop)))
        frames = plan_interval(every, str(source), opened.fps)(opened)
        selector = FrameSelector(filters, kept_hashes(out, label))
        recorder = Recorder(out, label, choose_split(out, label, Split(split)), jpeg=jpeg)
        session = _Session(opened, selector, recorder, on_progress)
        if window:
            pause_s = 0.0 if is_live(str(source)) else 1 / max(opened.fps, 1)
            preview = stack.enter_context(closing(Preview(label, stop, pause_s)))
            recording = _run_in_window(session, preview, stop, frames, count)
        else:
            recording = session.run(frames, count)
    return _report(recording, recorder.folder, advice(out, label))


def _check(label: str, out: Path, count: int, split: str) -> None:
    check_label(label)
    check_out(out)
    if count < 0:
        raise OptionError(f"--count is {count}", remedy="give a number, or 0 for no limit")
    choices = [choice.value for choice in Split]
    if split not in choices:
        raise OptionError(f"--split is {split!r}", remedy=f"use one of: {', '.join(choices)}")


def _run_in_window(
    session: "_Session",
    preview: Preview,
    stop: Stop,
    frames: Iterable[tuple[Frame, bool]],
    count: int,
) -> Recording:
    """Record in a thread, so that the window reads keys while the camera blocks."""
    session.on_selection = preview.on_selection
    session.is_interrupted = lambda: stop.requested and not preview.ended
    supervision = Supervision(step=preview.step, stop=stop)
    outcome = supervise(lambda: session.run(preview(frames), count), supervision)
    if outcome.value is None:  # the disk hangs
        raise KeyboardInterrupt
    return outcome.value


class _Session:
    """A recording in progress."""

    def __init__(
        self,
        source: Source,
        selector: FrameSelector,
        recorder: Recorder,
        on_progress: Callable[[Path], object],
    ) -> None:
        self.on_selection: Callable[[Selection], None] = lambda _: None
        self.is_interrupted: Callable[[], bool] = lambda: False
        self._source, self._selector, self._recorder = source, selector, recorder
        self._on_progress = on_progress
        self._seen = 0
        self._interrupted = False

    def run(self, frames: Iterable[tuple[Frame, bool]], count: int) -> Recording:
        """Save frames until the source ends, `count` are kept, or Ctrl-C; return the recording."""
        try:
            self._record(frames, count)
            return self._store()
        except EdgeError as error:
            with suppress(DeviceError):  # of a full disk, which the first error reports
                self._store()
            kept = f"{len(self._recorder.hashes)} pictures were kept in {self._recorder.folder}"
            raise type(error)(f"{error.what}; {kept}", remedy=error.remedy) from error

    def _record(self, frames: Iterable[tuple[Frame, bool]], count: int) -> None:
        try:
            for frame, due in frames:
                self._seen += 1
                self._process(frame, due)
                if count and len(self._recorder.hashes) == count:
                    return
        except KeyboardInterrupt:
            self._interrupted = True

    def _process(self, frame: Frame, due: bool) -> None:
        quality = self._selector.measure(frame)
        if not due:
            return
        selection = self._selector.select(quality)
        if selection is Selection.KEPT:
            self._on_progress(self._recorder.save(frame, quality.difference_hash))
        self.on_selection(selection)

    def _store(self) -> Recording:
        return self._recorder.store(
            self._source.name,
            self._source.facts,
            seen=self._seen,
            selector=self._selector,
            interrupted=self._interrupted or self.is_interrupted(),
        )


def _report(recording: Recording, folder: Path, notes: tuple[str, ...]) -> CollectReport:
    return CollectReport(
        label=recording.label,
        split=recording.split,
        kept=len(recording.hashes),
        seen=recording.seen,
        dropped=recording.dropped,
        folder=str(folder),
        recording=recording.id,
        source=recording.source,
        facts=recording.facts,
        seconds=recording.seconds,
        notes=notes,
        interrupted=recording.interrupted,
    )
