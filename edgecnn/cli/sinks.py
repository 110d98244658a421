"""Where the results of `edgecnn run` go."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from edgecnn.cli.options import show_text
from edgecnn.errors import OptionError

if TYPE_CHECKING:
    from edgecnn.runner.capture import Source
    from edgecnn.runner.classify import Classifier
    from edgecnn.runner.deliver.delivery import Sink
    from edgecnn.runner.deliver.segments import SegmentSink
    from edgecnn.runner.deliver.video import VideoSink
    from edgecnn.screen.window import WindowSink


class RunFormat(str, Enum):
    """How a run is printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True)
class SinkOptions:
    """Where results are to go."""

    form: RunFormat = RunFormat.TEXT
    save: str = ""
    """A video's path, or a folder's for segments."""
    segment_minutes: float = 10.0
    quota_gib: float = 0.0
    csv: Path | None = None
    uncertain: Path | None = None
    margin: float = 0.2
    show: bool = False
    shots: Path = field(default_factory=lambda: Path("shots"))
    label_into: Path = field(default_factory=lambda: Path("pictures"))

    @property
    def whole_frames(self) -> bool:
        """Whether any of them needs more than what is classified."""
        return bool(self.save or self.uncertain or self.show)

    @property
    def in_segments(self) -> bool:
        """Whether the video is to be a folder of segments."""
        return self.save.endswith("/") or bool(self.save and Path(self.save).is_dir())

    def check(self, sources: int) -> None:
        """Refuse one video for several sources, and segments without a folder.

        Raises:
            OptionError: The wishes do not fit each other.
        """
        folder = "give --save a folder for segments, with a slash at its end: video/"
        if self.save and sources > 1 and not self.in_segments:
            raise OptionError(f"there are {sources} sources for one video", remedy=folder)
        if self.quota_gib and not self.in_segments:
            raise OptionError(f"--quota-gib is {self.quota_gib:g} of no segments", remedy=folder)


class Sinks:
    """Opens the sinks of a run. What cannot be opened is refused before the run starts."""

    def __init__(
        self, options: SinkOptions, classifier: "Classifier", sources: Sequence[str], every: int
    ) -> None:
        self._options, self._model, self._every = options, classifier.model, every
        self._tagged = len(sources) > 1
        self._window = _open_window(options, classifier) if options.show else None
        self._register: list[Sink] = []
        if options.csv:
            from edgecnn.runner.deliver.register import RegisterSink

            self._register.append(RegisterSink(options.csv, self._model.digest))

    @property
    def step(self) -> Callable[[], bool] | None:
        """What the main thread does for a window."""
        return self._window.step if self._window else None

    def begin(self, source: "Source") -> "list[Sink]":
        """Tell what has opened, and return the sinks."""
        if source.facts:
            show_text(f"{source.name}: {source.facts}", err=True)
        sinks: list[Sink] = [*self._lines(), *self._register]
        if self._options.save:
            video = self._video(source)
            sinks.append(video)
            if self._window:
                self._window.is_recording = lambda: video.is_recording
        if self._options.uncertain:
            sinks.append(self._ring(self._options.uncertain, source))
        if self._window:
            sinks.append(self._window)
        return sinks

    def close(self) -> None:
        """Close the window."""
        if self._window:
            self._window.destroy()

    def _lines(self) -> "list[Sink]":
        from edgecnn.runner.deliver.lines import LineSink

        if self._options.form is RunFormat.JSON:
            return []
        as_json = self._options.form is RunFormat.JSONL
        return [LineSink(as_json=as_json, tagged=self._tagged, out=sys.stdout)]

    def _video(self, source: "Source") -> "VideoSink | SegmentSink":
        from edgecnn.runner.deliver.segments import Segments, SegmentSink
        from edgecnn.runner.deliver.video import VideoSink

        options = self._options
        rates = {name: fps / self._every for name, fps in source.rates.items()}
        if options.in_segments:
            plan = Segments(Path(options.save), options.segment_minutes, options.quota_gib)
            return SegmentSink(plan, rates)
        return VideoSink(Path(options.save), rates.get(source.name))

    def _ring(self, folder: Path, source: "Source") -> "Sink":
        from edgecnn.runner.deliver.uncertain import UncertainSink

        steps = {name: max(1, round(fps / self._every)) for name, fps in source.rates.items()}
        return UncertainSink(folder, self._model.digest, margin=self._options.margin, steps=steps)


def _open_window(options: SinkOptions, classifier: "Classifier") -> "WindowSink":
    from edgecnn.screen.keeper import Folders
    from edgecnn.screen.window import WindowSink

    folders = Folders(options.shots, options.label_into)
    title = f"edgecnn {classifier.model.card.name}"
    return WindowSink(title, classifier.spec.labels, folders)
