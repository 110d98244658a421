"""`collect`: from a source to labelled pictures in an image folder that `train` reads.

The pictures stay on this machine: nothing is sent anywhere.
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
LEAVE_SOON = CaptureOptions(patience=Patience(give_up_s=10.0))
"""Somebody holds things before this camera: when it is gone, they are told."""


@dataclass(frozen=True)
class CollectReport(Record):
    """What a recording gave."""

    label: str
    split: Split
    """Where the whole recording went: train, val or test."""
    kept: int
    seen: int
    """Frames that the source gave; those between two that were due are neither kept nor dropped."""
    dropped: dict[str, int]
    """Frames that were due and not kept, by reason: one_colour, blurred, near_duplicate."""
    folder: str
    recording: str
    """Its id: UTC time of the start and six random digits."""
    source: str
    """Without credentials."""
    facts: str
    """Size, rate and format, as the source tells them."""
    seconds: float
    notes: tuple[str, ...]
    """What this label still lacks."""
    interrupted: bool
    """Stopped by Ctrl-C."""


def ignore(_: Path) -> None:
    """Watch nothing."""


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
    options: CaptureOptions = LEAVE_SOON,
    on_progress: Callable[[Path], None] = ignore,
) -> CollectReport:
    """Keep frames of a source as pictures of one label; they stay on this machine.

    Whole frames are kept, and `fit_frame` sizes them in training. A recording, which is one call,
    goes to one part of the data set. Ctrl-C ends it like the source's own end does.

    Args:
        label: The class, and its folder's name.
        source: A camera's index, a video, picture, folder, URL or `pattern`.
        out: The image folder: `train/<label>/` and so on are made in it.
        every: Seconds like `0.5s` or frames like `10`; empty: half a second, or every picture.
        count: Stop after so many were kept; 0: no limit.
        split: train, val, test, or auto: by the recordings of the label that are there already.
        filters: What a frame must be to be kept.
        jpeg: Save as JPEG of quality 95 instead of PNG, which loses nothing.
        window: Show a window, in which a person takes the frames.
        options: How the source is read. A live one is given up after ten seconds without a frame.
        on_progress: Called with each picture's path.

    Raises:
        OptionError: The label is no folder's name, or another value cannot be used.
        DataError: `out` is laid out in another way, or a recording's file is broken.
        NotFound, SourceError: See `open_source`; a stream that stops says how much was kept.
        DeviceError: The disk is full, which says how much was kept; there is no screen.
    """
    out = Path(out)
    _check(label, out, count, split)
    stop = Stop()
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(source, replace(options, stop=stop)))
        frames = plan_interval(every, str(source), opened.fps)(opened)
        chooser = FrameSelector(filters, kept_hashes(out, label))
        recorder = Recorder(out, label, choose_split(out, label, Split(split)), jpeg=jpeg)
        session = _Session(opened, chooser, recorder, on_progress)
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
    """Record in a thread, so that the window hears keys while the camera keeps it waiting."""
    session.tell = preview.tell
    session.is_interrupted = lambda: stop.requested and not preview.ended
    supervision = Supervision(step=preview.step, stop=stop)
    outcome = supervise(lambda: session.run(preview(frames), count), supervision)
    if outcome.value is None:  # the disk hangs
        raise KeyboardInterrupt
    return outcome.value


class _Session:
    """One recording while it goes on."""

    def __init__(
        self,
        source: Source,
        chooser: FrameSelector,
        recorder: Recorder,
        on_progress: Callable[[Path], None],
    ) -> None:
        self.tell: Callable[[Selection], None] = lambda _: None
        self.is_interrupted: Callable[[], bool] = lambda: False
        self._source, self._chooser, self._recorder = source, chooser, recorder
        self._on_progress = on_progress
        self._seen = 0
        self._interrupted = False

    def run(self, frames: Iterable[tuple[Frame, bool]], count: int) -> Recording:
        """Keep frames until the source ends, `count` are kept, or Ctrl-C; store what is known."""
        try:
            self._record(frames, count)
            return self._store()
        except EdgeError as error:
            with suppress(DeviceError):  # a full disk: the first error says so
                self._store()
            kept = f"{len(self._recorder.hashes)} pictures were kept in {self._recorder.folder}"
            raise type(error)(f"{error.what}; {kept}", remedy=error.remedy) from error

    def _record(self, frames: Iterable[tuple[Frame, bool]], count: int) -> None:
        try:
            for frame, due in frames:
                self._seen += 1
                self._look(frame, due)
                if count and len(self._recorder.hashes) == count:
                    return
        except KeyboardInterrupt:
            self._interrupted = True

    def _look(self, frame: Frame, due: bool) -> None:
        look = self._chooser.see(frame)
        if not due:
            return
        verdict = self._chooser.judge(look)
        if verdict is Selection.KEPT:
            self._on_progress(self._recorder.save(frame, look.difference_hash))
        self.tell(verdict)

    def _store(self) -> Recording:
        recording = Recording(
            id=self._recorder.id,
            label=self._recorder.label,
            split=self._recorder.split,
            source=self._source.name,
            facts=self._source.facts,
            seconds=self._recorder.seconds,
            seen=self._seen,
            dropped=self._chooser.dropped,
            interrupted=self._interrupted or self.is_interrupted(),
            filters=self._chooser.filters,
            hashes=self._recorder.hashes,
        )
        self._recorder.store(recording)
        return recording


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
