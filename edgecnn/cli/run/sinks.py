"""Opening the sinks of `edgecnn run`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgecnn.cli.options import show_text
from edgecnn.cli.run.sink_options import RunFormat, SinkOptions
from edgecnn.exhaustive import assert_never

if TYPE_CHECKING:
    from edgecnn.inference.classifier import Classifier
    from edgecnn.runner.sink_queue import Sink
    from edgecnn.sinks.video.segments import SegmentSink
    from edgecnn.sinks.video.video_sink import VideoSink
    from edgecnn.sources.capture import Source
    from edgecnn.web.live_page import LivePage
    from edgecnn.window.window import WindowSink


class Sinks:
    """Opens the sinks of a run. The CSV file and the window are opened before the sources.

    Args:
        options: Which sinks there are.
        classifier: The model of the run.
        sources: As the user gave them.
        every: Every nth frame is classified.
        page: The live page, if there is one.
    """

    def __init__(
        self,
        options: SinkOptions,
        classifier: "Classifier",
        sources: Sequence[str],
        every: int,
        page: "LivePage | None" = None,
    ) -> None:
        self._options, self._model = options, classifier.model
        self._every, self._page, self._tagged = every, page, len(sources) > 1
        self._window = _open_window(options, classifier) if options.show else None
        self._csv: list[Sink] = []
        if options.csv:
            from edgecnn.sinks.csv_sink import CsvSink

            self._csv.append(CsvSink(options.csv, self._model.digest))

    @property
    def step(self) -> Callable[[], bool] | None:
        """Serves the window in the main thread; None without a window."""
        return self._window.step if self._window else None

    def open(self, source: "Source") -> "list[Sink]":
        """Print what the source reports, and return the sinks."""
        if source.facts:
            show_text(f"{source.name}: {source.facts}", err=True)
        sinks: list[Sink] = [*self._lines(), *self._csv]
        if self._options.save:
            video = self._video(source)
            sinks.append(video)
            if self._window:
                self._window.is_recording = lambda: video.is_recording
        if self._options.uncertain:
            sinks.append(self._uncertain(self._options.uncertain, source))
        if self._window:
            sinks.append(self._window)
        if self._page:
            self._page.begin(source)
            sinks.append(self._page)
        return sinks

    def close(self) -> None:
        """Close the window."""
        if self._window:
            self._window.destroy()

    def _lines(self) -> "list[Sink]":
        from edgecnn.sinks.lines import LineSink

        match self._options.form:
            case RunFormat.TEXT:
                return [LineSink(as_json=False, tagged=self._tagged, out=sys.stdout)]
            case RunFormat.JSONL:
                return [LineSink(as_json=True, out=sys.stdout)]
            case RunFormat.JSON:  # only the summary
                return []
            case _:
                assert_never(self._options.form)

    def _video(self, source: "Source") -> "VideoSink | SegmentSink":
        from edgecnn.sinks.video.segments import Segments, SegmentSink
        from edgecnn.sinks.video.video_sink import VideoSink

        options = self._options
        rates = {name: fps / self._every for name, fps in source.rates.items()}
        if options.in_segments:
            plan = Segments(Path(options.save), options.segment_minutes, options.quota_gib)
            return SegmentSink(plan, rates)
        return VideoSink(Path(options.save), rates.get(source.name))

    def _uncertain(self, folder: Path, source: "Source") -> "Sink":
        from edgecnn.sinks.uncertain import UncertainSink

        steps = {name: max(1, round(fps / self._every)) for name, fps in source.rates.items()}
        return UncertainSink(folder, self._model.digest, margin=self._options.margin, steps=steps)


def _open_window(options: SinkOptions, classifier: "Classifier") -> "WindowSink":
    from edgecnn.window.frame_saver import Folders
    from edgecnn.window.window import WindowSink

    folders = Folders(options.snapshots, options.label_into)
    title = f"edgecnn {classifier.model.card.name}"
    return WindowSink(title, classifier.spec.labels, folders)
