"""The command that classifies what sources show. It needs neither torch nor onnx."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.ending import EXIT_INTERRUPTED, conclude
from edgecnn.cli.live_page import open_page
from edgecnn.cli.options import Model, Provider, Threads, show_text
from edgecnn.cli.sinks import RunFormat, SinkOptions, Sinks

if TYPE_CHECKING:
    from edgecnn.runner.classify import Classifier

CLASSIFIED = "What is classified"
RESULTS = "Where results go"
CAMERAS = "Cameras and streams"
RUNTIME = "ONNX Runtime"


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
        bool,
        typer.Option(
            "--allow-cpu",
            help="Accept work that the provider leaves to the CPU.",
            rich_help_panel=RUNTIME,
        ),
    ] = False,
    form: Annotated[
        RunFormat,
        typer.Option(
            "--format",
            help="A line a frame as text or jsonl; json: the summary only.",
            rich_help_panel=RESULTS,
        ),
    ] = RunFormat.TEXT,
    save: Annotated[
        str,
        typer.Option(
            help="Write a labelled video, such as out.mp4; segments into a folder: video/",
            rich_help_panel=RESULTS,
        ),
    ] = "",
    segment_minutes: Annotated[
        float, typer.Option(help="The length of a segment.", rich_help_panel=RESULTS)
    ] = 10.0,
    quota_gib: Annotated[
        float,
        typer.Option(
            min=0,
            help="Segments may take so much: the oldest go. 0: no limit.",
            rich_help_panel=RESULTS,
        ),
    ] = 0.0,
    csv: Annotated[
        Path | None,
        typer.Option(help="Add a row for each result to a CSV file.", rich_help_panel=RESULTS),
    ] = None,
    save_uncertain: Annotated[
        Path | None,
        typer.Option(
            help="Keep the newest 100 frames of which the model is not sure in a folder.",
            rich_help_panel=RESULTS,
        ),
    ] = None,
    uncertain_margin: Annotated[
        float,
        typer.Option(
            help="Two classes so close in probability are not sure either.", rich_help_panel=RESULTS
        ),
    ] = 0.2,
    show_window: Annotated[
        bool, typer.Option("--show", help="Show a window.", rich_help_panel=RESULTS)
    ] = False,
    shots: Annotated[
        Path, typer.Option(help="Where the window's s saves frames.", rich_help_panel=RESULTS)
    ] = Path("shots"),
    label_into: Annotated[
        Path,
        typer.Option(
            help="The image folder that the window's digits label frames into.",
            rich_help_panel=RESULTS,
        ),
    ] = Path("pictures"),
    max_frames: Annotated[
        int,
        typer.Option(min=0, help="Stop after so many. 0: no limit.", rich_help_panel=CLASSIFIED),
    ] = 0,
    roi: Annotated[
        str,
        typer.Option(
            help="Classify a part: left,top,width,height in shares of the frame.",
            rich_help_panel=CLASSIFIED,
        ),
    ] = "",
    fps: Annotated[
        float,
        typer.Option(
            min=0, help="Classify at most so many frames a second.", rich_help_panel=CLASSIFIED
        ),
    ] = 0.0,
    every: Annotated[
        int, typer.Option(min=1, help="Classify every nth frame.", rich_help_panel=CLASSIFIED)
    ] = 1,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Least probability of an answer; by default the file's own.",
            rich_help_panel=CLASSIFIED,
        ),
    ] = None,
    smooth: Annotated[
        str,
        typer.Option(
            help="3/5: an answer changes when 3 of the last 5 predictions say so.",
            rich_help_panel=CLASSIFIED,
        ),
    ] = "",
    hysteresis: Annotated[
        float,
        typer.Option(
            help="What an answer that holds may fall short of the threshold by.",
            rich_help_panel=CLASSIFIED,
        ),
    ] = 0.0,
    size: Annotated[
        str,
        typer.Option(help="Ask the camera for a size, such as 640x480.", rich_help_panel=CAMERAS),
    ] = "",
    fourcc: Annotated[
        str, typer.Option(help="Ask for a pixel format, such as MJPG.", rich_help_panel=CAMERAS)
    ] = "",
    camera_fps: Annotated[
        float, typer.Option(min=0, help="Ask for a frame rate.", rich_help_panel=CAMERAS)
    ] = 0.0,
    exposure: Annotated[
        float, typer.Option(help="Ask for an exposure, driver's units.", rich_help_panel=CAMERAS)
    ] = 0.0,
    stall_timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="Seconds without a frame after which to reconnect.",
            rich_help_panel=CAMERAS,
        ),
    ] = 5.0,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait",
            help="Keep trying for a camera that is not there yet.",
            rich_help_panel=CAMERAS,
        ),
    ] = False,
    session: Annotated[
        list[str] | None,
        typer.Option(
            help="A setting of ONNX Runtime's session: KEY=VALUE.", rich_help_panel=RUNTIME
        ),
    ] = None,
    watchdog: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="Seconds after which an inference has hung: exit 6.",
            rich_help_panel=RUNTIME,
        ),
    ] = 10.0,
    web: Annotated[
        bool,
        typer.Option("--web", help="Show a live page on 127.0.0.1:8080.", rich_help_panel=RESULTS),
    ] = False,
    web_host: Annotated[
        str,
        typer.Option(
            help="Show it here; other than loopback, it asks for a token.", rich_help_panel=RESULTS
        ),
    ] = "",
    web_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Show it on this port. 0: a free one.", rich_help_panel=RESULTS
        ),
    ] = None,
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
        with (
            open_page(classifier, web_host, web_port, wanted=web) as page,
            closing(Sinks(sink_options, classifier, source, every, page)) as sinks,
        ):
            options = page.attach(options) if page else options
            plan = RunPlan(source, sinks.begin, options, watchdog, sinks.step)
            try:
                outcome = Run(classifier, plan)()
            except BrokenPipeError:  # click would make it 1, which is for checks
                raise typer.Exit(EXIT_INTERRUPTED) from None
    conclude(outcome, form)


def _tell(line: object) -> None:
    show_text(str(line), err=True)


def _tell_model(classifier: "Classifier", provider: str, threads: int) -> None:
    card, (height, width, channels) = classifier.model.card, classifier.spec.shape
    kind = "gray" if channels == 1 else "BGR"
    form = f"{card.form}, {width}x{height} {kind}, {classifier.model.size_kib:.0f} KiB"
    _tell(f"{card.name} ({form}) on {provider}, threads: {threads}")
    if classifier.assignment.elsewhere:
        _tell(f"not on {provider}: {', '.join(classifier.assignment.elsewhere)}")
