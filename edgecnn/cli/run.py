"""The command that classifies what sources show. It needs neither torch nor onnx."""

import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.ending import EXIT_INTERRUPTED, end_now
from edgecnn.cli.options import Model, Provider, Threads, show_text
from edgecnn.cli.sinks import RunFormat, SinkOptions, Sinks
from edgecnn.errors import DeviceError

if TYPE_CHECKING:
    from edgecnn.runner.classify import Classifier
    from edgecnn.runner.supervise import Outcome
    from edgecnn.runner.tally import RunReport


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
        str,
        typer.Option(
            help="Write a labelled video, such as out.mp4; segments into a folder: video/"
        ),
    ] = "",
    segment_minutes: Annotated[float, typer.Option(help="The length of a segment.")] = 10.0,
    quota_gib: Annotated[
        float, typer.Option(min=0, help="Segments may take so much: the oldest go. 0: no limit.")
    ] = 0.0,
    csv: Annotated[
        Path | None, typer.Option(help="Add a row for each result to a CSV file.")
    ] = None,
    save_uncertain: Annotated[
        Path | None,
        typer.Option(help="Keep the newest 100 frames of which the model is not sure in a folder."),
    ] = None,
    uncertain_margin: Annotated[
        float, typer.Option(help="Two classes so close in probability are not sure either.")
    ] = 0.2,
    show_window: Annotated[bool, typer.Option("--show", help="Show a window.")] = False,
    shots: Annotated[Path, typer.Option(help="Where the window's s saves frames.")] = Path("shots"),
    label_into: Annotated[
        Path, typer.Option(help="The image folder that the window's digits label frames into.")
    ] = Path("pictures"),
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
    sink_options = SinkOptions(
        form, save, segment_minutes, quota_gib, csv, save_uncertain, uncertain_margin,
        show_window, shots, label_into,
    )  # fmt: skip
    sink_options.check(len(source))
    options = WatchOptions(
        parse_region(roi),
        Sampling(every, fps),
        parse_smoothing(smooth, hysteresis),
        max_frames,
        whole=sink_options.whole_frames,
        capture=CaptureOptions(settings, Patience(stall_s=stall_timeout, wait=wait), tell=_tell),
    )
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
        with closing(Sinks(sink_options, classifier, source, every)) as sinks:
            plan = RunPlan(source, sinks.begin, options, watchdog, sinks.step)
            try:
                outcome = Run(classifier, plan)()
            except BrokenPipeError:  # click would make it 1, which is for checks
                raise typer.Exit(EXIT_INTERRUPTED) from None
    _conclude(outcome, form)


def _tell(line: object) -> None:
    show_text(str(line), err=True)


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
        raise DeviceError(
            f"not everything was delivered: {reasons}",
            remedy="look at where it goes; all else went on to its end",
        )
    if report.interrupted:
        raise SystemExit(code)
