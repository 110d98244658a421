"""The command that classifies what sources show. It needs neither torch nor onnx."""

import signal
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.ending import EXIT_INTERRUPTED, end_now
from edgecnn.cli.options import Model, Provider, Threads
from edgecnn.errors import DeviceError, OptionError

if TYPE_CHECKING:
    from edgecnn.runner.capture import Source
    from edgecnn.runner.classify import Classifier
    from edgecnn.runner.deliver.delivery import Sink
    from edgecnn.runner.supervise import Outcome
    from edgecnn.runner.tally import RunReport


class RunFormat(str, Enum):
    """How a run is printed."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


def run(
    model: Model,
    source: Annotated[
        list[str],
        typer.Option(
            help="Camera index or path, video, picture, folder, URL, `exec:COMMAND` or `pattern`. "
            "Give it again for several at once."
        ),
    ],
    provider: Provider = "cpu",
    threads: Threads = 1,
    allow_cpu: Annotated[
        bool, typer.Option("--allow-cpu", help="Accept work that the provider leaves to the CPU.")
    ] = False,
    form: Annotated[
        RunFormat,
        typer.Option("--format", help="A line a frame as text or jsonl; json: the summary only."),
    ] = RunFormat.TEXT,
    save: Annotated[
        Path | None, typer.Option(help="Write a labelled video, such as out.mp4.")
    ] = None,
    show_window: Annotated[bool, typer.Option("--show", help="Show a window.")] = False,
    max_frames: Annotated[int, typer.Option(min=0, help="Stop after so many. 0: no limit.")] = 0,
    roi: Annotated[
        str, typer.Option(help="Classify a part: left,top,width,height in shares of the frame.")
    ] = "",
    fps: Annotated[
        float, typer.Option(min=0, help="Classify at most so many frames a second.")
    ] = 0.0,
    every: Annotated[int, typer.Option(min=1, help="Classify each so manieth frame.")] = 1,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, help="Least probability of an answer; by default the file's own."),
    ] = None,
    smooth: Annotated[
        str, typer.Option(help="3/5: an answer changes when 3 of the last 5 predictions say so.")
    ] = "",
    hysteresis: Annotated[
        float, typer.Option(help="What an answer that holds may fall short of the threshold by.")
    ] = 0.0,
    size: Annotated[str, typer.Option(help="Ask the camera for a size, such as 640x480.")] = "",
    fourcc: Annotated[str, typer.Option(help="Ask for a pixel format, such as MJPG.")] = "",
    camera_fps: Annotated[float, typer.Option(min=0, help="Ask for a frame rate.")] = 0.0,
    exposure: Annotated[float, typer.Option(help="Ask for an exposure, driver's units.")] = 0.0,
    stall_timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds without a frame after which to reconnect.")
    ] = 5.0,
    wait: Annotated[
        bool, typer.Option("--wait", help="Keep trying for a camera that is not there yet.")
    ] = False,
    session: Annotated[
        list[str] | None, typer.Option(help="A setting of ONNX Runtime's session: KEY=VALUE.")
    ] = None,
    watchdog: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which an inference has hung: exit 6.")
    ] = 10.0,
) -> None:
    """Classify the frames of cameras, videos, pictures, folders, streams or commands.

    A camera or stream that stalls or goes away is connected again; each change is a line. Where
    the probability is below the threshold, the answer is `unknown`.
    """
    from edgecnn.runner.camera import CameraSettings, parse_size
    from edgecnn.runner.capture import CaptureOptions
    from edgecnn.runner.classify import Classifier
    from edgecnn.runner.connection import Patience
    from edgecnn.runner.region import parse_region
    from edgecnn.runner.run import Run, RunPlan
    from edgecnn.runner.sampling import Sampling
    from edgecnn.runner.session_keys import parse_settings
    from edgecnn.runner.smoothing import parse_smoothing
    from edgecnn.runner.watch import WatchOptions

    settings = CameraSettings(*parse_size(size), fourcc, camera_fps, exposure)
    options = WatchOptions(
        parse_region(roi),
        Sampling(every, fps),
        parse_smoothing(smooth, hysteresis),
        max_frames,
        whole=bool(save or show_window),
        capture=CaptureOptions(settings, Patience(stall_s=stall_timeout, wait=wait), tell=_tell),
    )
    sinks = _Sinks(form, save, len(source), show_window=show_window)
    with Classifier(
        model,
        provider=provider,
        threads=threads,
        allow_cpu=allow_cpu,
        settings=parse_settings(session or []),
    ) as classifier:
        if threshold is not None:
            classifier.require(threshold)
        _tell_model(classifier, provider, threads)
        plan = RunPlan(source, sinks.begin, options, watchdog, sinks.step)
        outcome = Run(classifier, plan)()
    _conclude(outcome, form)


class _Sinks:
    """Where the results of a run go."""

    def __init__(
        self, form: RunFormat, save: Path | None, sources: int, *, show_window: bool
    ) -> None:
        from edgecnn.runner.deliver.window import WindowSink

        if sources > 1 and (save or show_window):
            raise OptionError(
                f"there are {sources} sources for one video or window",
                remedy="leave --save and --show out, or run once for each source",
            )
        self._form, self._save, self._tagged = form, save, sources > 1
        self._window = WindowSink() if show_window else None

    @property
    def step(self) -> Callable[[], bool] | None:
        """What the main thread does for a window."""
        return self._window.step if self._window else None

    def begin(self, source: "Source") -> "list[Sink]":
        """Tell what has opened, and return the sinks."""
        from edgecnn.runner.deliver.lines import LineSink
        from edgecnn.runner.deliver.video import VideoSink

        if source.facts:
            _tell(f"{source.name}: {source.facts}")
        sinks: list[Sink] = []
        if self._form is not RunFormat.JSON:
            as_json = self._form is RunFormat.JSONL
            sinks.append(LineSink(as_json=as_json, tagged=self._tagged, out=sys.stdout))
        if self._save:
            sinks.append(VideoSink(self._save, source.fps))
        if self._window:
            sinks.append(self._window)
        return sinks


def _tell(line: object) -> None:
    typer.echo(line, err=True)


def _tell_model(classifier: "Classifier", provider: str, threads: int) -> None:
    card, (height, width, channels) = classifier.model.card, classifier.spec.shape
    kind = "gray" if channels == 1 else "BGR"
    form = f"{card.form}, {width}x{height} {kind}, {classifier.model.size_kib:.0f} KiB"
    _tell(f"{card.name} ({form}) on {provider}, threads: {threads}")
    if classifier.assignment.elsewhere:
        _tell(f"not on {provider}: {', '.join(classifier.assignment.elsewhere)}")


def _conclude(outcome: "Outcome[RunReport]", form: RunFormat) -> None:
    """Print the summary, and end with the code that tells how it went."""
    report, stopped_by = outcome.value, outcome.signal
    code = EXIT_INTERRUPTED if stopped_by in (None, signal.SIGINT) else 0
    if report is None:
        _tell(f"edgecnn: stopped by {stopped_by and stopped_by.name}; not all could be finished")
        end_now(code)
    if form is RunFormat.JSON:
        typer.echo(report.to_json(indent=1))
    _tell(report)
    failed = {name: told.failure for name, told in report.sinks.items() if told.failure}
    if failed and not report.interrupted:
        reasons = "; ".join(f"{name}: {failure}" for name, failure in failed.items())
        raise DeviceError(f"not everything was delivered: {reasons}", remedy="see what it says")
    if report.interrupted:
        raise SystemExit(code)
