"""`edgecnn run`: classify the frames of sources. Needs neither torch nor onnx."""

from contextlib import closing
from typing import TYPE_CHECKING

import typer

from edgecnn.cli.camera_options import CameraFps, Exposure, Fourcc, Size, camera_settings
from edgecnn.cli.exit import EXIT_INTERRUPTED
from edgecnn.cli.options import Model, Provider, Threads, show_text
from edgecnn.cli.run import classification_options, runtime_options, sink_options
from edgecnn.cli.run.ending import conclude, open_supervised
from edgecnn.cli.run.live_page import open_page
from edgecnn.cli.run.sink_options import RunFormat, SinkOptions
from edgecnn.cli.run.sinks import Sinks
from edgecnn.memory import keep_freed_memory, share_one_heap

if TYPE_CHECKING:
    from edgecnn.inference.classifier import Classifier


def run(
    model: Model,
    source: runtime_options.Sources,
    provider: Provider = "cpu",
    threads: Threads = 1,
    allow_cpu: runtime_options.AllowCpu = False,
    form: sink_options.AsRunFormat = RunFormat.TEXT,
    save: sink_options.Save = "",
    segment_minutes: sink_options.SegmentMinutes = SinkOptions.segment_minutes,
    quota_gib: sink_options.QuotaGib = SinkOptions.quota_gib,
    csv: sink_options.Csv = None,
    save_uncertain: sink_options.SaveUncertain = None,
    uncertain_margin: sink_options.UncertainMargin = SinkOptions.margin,
    show_window: sink_options.ShowWindow = False,
    snapshots: sink_options.Snapshots = SinkOptions.snapshots,
    label_into: sink_options.LabelInto = SinkOptions.label_into,
    max_frames: classification_options.MaxFrames = 0,
    roi: classification_options.Roi = "",
    fps: classification_options.Fps = 0.0,
    every: classification_options.Every = 1,
    threshold: classification_options.Threshold = None,
    smooth: classification_options.Smooth = "",
    hysteresis: classification_options.Hysteresis = 0.0,
    size: Size = "",
    fourcc: Fourcc = "",
    camera_fps: CameraFps = 0.0,
    exposure: Exposure = 0.0,
    stall_timeout: runtime_options.StallTimeout = 5.0,
    wait: runtime_options.Wait = False,
    session: runtime_options.SessionSettings = None,
    watchdog: runtime_options.Watchdog = 10.0,
    web: sink_options.Web = False,
    web_host: sink_options.WebHost = "",
    web_port: sink_options.WebPort = None,
) -> None:
    """Classify the frames of cameras, videos, pictures, folders, streams or commands.

    A camera or stream that stalls or disconnects is reconnected; each change is reported on a line.
    Below the threshold, the label is `unknown`.
    """
    from edgecnn.inference.classifier import Classifier
    from edgecnn.inference.first_opening import read_checked
    from edgecnn.inference.session_keys import parse_settings
    from edgecnn.runner.run import Run, RunPlan
    from edgecnn.runner.smoothing import parse_smoothing
    from edgecnn.runner.watch import WatchOptions
    from edgecnn.sources.capture import CaptureOptions
    from edgecnn.sources.live.connection import Patience
    from edgecnn.sources.region import parse_region
    from edgecnn.sources.sampling import Sampling

    keep_freed_memory()
    share_one_heap()
    settings = camera_settings(size, fourcc, camera_fps, exposure)
    sink_choice = SinkOptions(
        form=form,
        save=save,
        segment_minutes=segment_minutes,
        quota_gib=quota_gib,
        csv=csv,
        uncertain=save_uncertain,
        margin=uncertain_margin,
        show=show_window,
        snapshots=snapshots,
        label_into=label_into,
    )
    sink_choice.check(len(source))
    options = WatchOptions(
        parse_region(roi),
        Sampling(every, fps),
        parse_smoothing(smooth, hysteresis),
        max_frames,
        whole=sink_choice.whole_frames,
        capture=CaptureOptions(
            settings, Patience(stall_s=stall_timeout, wait=wait), on_event=_print
        ),
    )
    session_settings = parse_settings(session or [])

    def opened() -> Classifier:
        return Classifier(
            read_checked(model),
            provider=provider,
            threads=threads,
            allow_cpu=allow_cpu,
            settings=session_settings,
        )

    with open_supervised(opened) as classifier:
        if threshold is not None:
            classifier.require(threshold)
        _print_model(classifier, provider, threads)
        with (
            open_page(classifier, web_host, web_port, requested=web) as page,
            closing(Sinks(sink_choice, classifier, source, every, page)) as sinks,
        ):
            options = page.attach(options) if page else options
            plan = RunPlan(source, sinks.open, options, watchdog, sinks.step)
            try:
                outcome = Run(classifier, plan)()
            except BrokenPipeError:  # click would exit with 1, the code of failed checks
                raise typer.Exit(EXIT_INTERRUPTED) from None
    conclude(outcome, form)


def _print(line: object) -> None:
    show_text(str(line), err=True)


def _print_model(classifier: "Classifier", provider: str, threads: int) -> None:
    card, (height, width, channels) = classifier.model.card, classifier.spec.shape
    kind = "gray" if channels == 1 else "BGR"
    form = f"{card.form}, {width}x{height} {kind}, {classifier.model.size_kib:.0f} KiB"
    _print(f"{card.name} ({form}) on {provider}, threads: {threads}")
    if classifier.assignment.elsewhere:
        _print(f"not on {provider}: {', '.join(classifier.assignment.elsewhere)}")
