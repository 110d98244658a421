"""Commands of the device half: run, bench, inspect. They need neither torch nor onnx."""

import sys
from contextlib import ExitStack, closing
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, Model, Provider, Threads, show, table
from edgecnn.errors import OptionError

if TYPE_CHECKING:
    from edgecnn.bench.measure import BenchReport
    from edgecnn.runner.deliver import LineSink, VideoSink, WindowSink
    from edgecnn.runner.inspect import Operators
    from edgecnn.runner.model_file import ModelFile


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
) -> None:
    """Classify the frames of cameras, videos, pictures, folders, streams or commands.

    A camera or stream that stalls or goes away is connected again; each change is a line.
    """
    from edgecnn.runner.camera import CameraSettings, parse_size
    from edgecnn.runner.capture import CaptureOptions, open_sources
    from edgecnn.runner.classify import Classifier
    from edgecnn.runner.connection import Patience
    from edgecnn.runner.watch import classify_source

    settings = CameraSettings(*parse_size(size), fourcc, camera_fps, exposure)
    _check_one_source(source, save, show_window=show_window)
    with ExitStack() as stack:
        classifier = stack.enter_context(
            Classifier(model, provider=provider, threads=threads, allow_cpu=allow_cpu)
        )
        options = CaptureOptions(
            settings,
            Patience(stall_s=stall_timeout, wait=wait),
            classifier.spec,
            whole=bool(save or show_window),
            tell=lambda event: typer.echo(event, err=True),
        )
        opened = stack.enter_context(open_sources(source, options))
        typer.echo(f"{_model_line(classifier.model)} on {provider}, threads: {threads}", err=True)
        if classifier.assignment.elsewhere:
            typer.echo(f"not on {provider}: {', '.join(classifier.assignment.elsewhere)}", err=True)
        typer.echo(f"{opened.name}: {opened.facts}", err=True)
        tagged = len(source) > 1
        sinks = _sinks(form, save, opened.fps, tagged=tagged, show_window=show_window)
        for sink in sinks:
            stack.enter_context(closing(sink))
        report = classify_source(classifier, opened, sinks, max_frames)
    if form is RunFormat.JSON:
        typer.echo(report.to_json(indent=1))
    typer.echo(str(report), err=True)
    if report.interrupted:
        raise SystemExit(130)


def _check_one_source(sources: list[str], save: Path | None, *, show_window: bool) -> None:
    if len(sources) > 1 and (save or show_window):
        raise OptionError(
            f"there are {len(sources)} sources for one video or window",
            remedy="leave --save and --show out, or run once for each source",
        )


def _sinks(
    form: RunFormat, save: Path | None, fps: float, *, tagged: bool, show_window: bool
) -> "list[LineSink | VideoSink | WindowSink]":
    from edgecnn.runner.deliver import LineSink, VideoSink, WindowSink

    sinks: list[LineSink | VideoSink | WindowSink] = []
    if form is not RunFormat.JSON:
        sinks.append(LineSink(as_json=form is RunFormat.JSONL, tagged=tagged, out=sys.stdout))
    if save:
        sinks.append(VideoSink(save, fps))
    if show_window:
        sinks.append(WindowSink())
    return sinks


def bench(
    model: Model,
    against: Annotated[
        str, typer.Argument(help="A second model: the ratio is its time over the first's.")
    ] = "",
    source: Annotated[
        str, typer.Option(help="Frames to classify; by default the models' golden frames.")
    ] = "",
    rounds: Annotated[int, typer.Option(min=10, help="Timed calls of each model.")] = 500,
    provider: Provider = "cpu",
    threads: Threads = 1,
    form: AsFormat = Format.TEXT,
) -> None:
    """Time a model from frame to prediction, or two models interleaved."""
    from edgecnn.bench.measure import measure

    report = measure(
        model, against, source=source, rounds=rounds, provider=provider, threads=threads
    )
    show(report, bench_text(report), form)


def bench_text(report: "BenchReport") -> str:
    """Return a bench report for people."""
    rows: list[tuple[str, object]] = [
        (f"{row.model}.{row.form}", f"{row.latency}, {row.size_kib} KiB") for row in report.models
    ]
    if report.ratio:
        rows.append(("second / first", report.ratio[0]))
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    rows += [("frames", report.frames), ("provider", f"{report.provider}, {threads}")]
    return table([*rows, ("machine", report.machine)])


def inspect(model: Model, form: AsFormat = Format.TEXT) -> None:
    """Show what a model wants, means and costs, and what was measured of it."""
    from edgecnn.runner.inspect import describe_foreign, describe_model, foreign_rows, report_rows
    from edgecnn.runner.model_file import find_model, read_capped, read_model

    path = find_model(model)
    foreign = describe_foreign(path, read_capped(path))
    if foreign is not None:
        show(foreign, table(foreign_rows(foreign)), form)
        return
    file = read_model(model)
    report = describe_model(file, _operators(file))
    text = table(report_rows(report))
    if not report.operators:
        text += '\n(its operators are shown when "edgecnn[train]" is installed)'
    show(report, text, form)


def _operators(model: "ModelFile") -> "tuple[Operators, ...]":
    if find_spec("onnx") is None:
        return ()
    from edgecnn.exporter.inspect import count_operators

    return (count_operators(model),)


def _model_line(model: "ModelFile") -> str:
    card, (height, width, channels) = model.card, model.spec.shape
    kind = "gray" if channels == 1 else "BGR"
    return f"{card.name} ({card.form}, {width}x{height} {kind}, {model.size_kib:.0f} KiB)"
