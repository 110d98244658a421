"""`edgecnn run`: classify what sources show. It needs neither torch nor onnx."""

from contextlib import closing
from typing import TYPE_CHECKING

import typer

from edgecnn.cli.camera_options import CameraFps, Exposure, Fourcc, Size, camera_settings
from edgecnn.cli.exit import EXIT_INTERRUPTED
from edgecnn.cli.options import Model, Provider, Threads, show_text
from edgecnn.cli.run.classification_options import (
    Every,
    Fps,
    Hysteresis,
    MaxFrames,
    Roi,
    Smooth,
    Threshold,
)
from edgecnn.cli.run.ending import conclude
from edgecnn.cli.run.live_page import open_page
from edgecnn.cli.run.runtime_options import (
    AllowCpu,
    SessionSettings,
    Sources,
    StallTimeout,
    Wait,
    Watchdog,
)
from edgecnn.cli.run.sink_options import (
    AsRunFormat,
    Csv,
    LabelInto,
    QuotaGib,
    RunFormat,
    Save,
    SaveUncertain,
    SegmentMinutes,
    ShowWindow,
    SinkOptions,
    Snapshots,
    UncertainMargin,
    Web,
    WebHost,
    WebPort,
)
from edgecnn.cli.run.sinks import Sinks
from edgecnn.memory import keep_freed_memory, share_one_heap

if TYPE_CHECKING:
    from edgecnn.inference.classifier import Classifier


def run(
    model: Model,
    source: Sources,
    provider: Provider = "cpu",
    threads: Threads = 1,
    allow_cpu: AllowCpu = False,
    form: AsRunFormat = RunFormat.TEXT,
    save: Save = "",
    segment_minutes: SegmentMinutes = SinkOptions.segment_minutes,
    quota_gib: QuotaGib = SinkOptions.quota_gib,
    csv: Csv = None,
    save_uncertain: SaveUncertain = None,
    uncertain_margin: UncertainMargin = SinkOptions.margin,
    show_window: ShowWindow = False,
    shots: Snapshots = SinkOptions.snapshots,
    label_into: LabelInto = SinkOptions.label_into,
    max_frames: MaxFrames = 0,
    roi: Roi = "",
    fps: Fps = 0.0,
    every: Every = 1,
    threshold: Threshold = None,
    smooth: Smooth = "",
    hysteresis: Hysteresis = 0.0,
    size: Size = "",
    fourcc: Fourcc = "",
    camera_fps: CameraFps = 0.0,
    exposure: Exposure = 0.0,
    stall_timeout: StallTimeout = 5.0,
    wait: Wait = False,
    session: SessionSettings = None,
    watchdog: Watchdog = 10.0,
    web: Web = False,
    web_host: WebHost = "",
    web_port: WebPort = None,
) -> None:
    """Classify the frames of cameras, videos, pictures, folders, streams or commands.

    A camera or stream that stalls or goes away is connected again; each change is a line. Where
    the probability is below the threshold, the answer is `unknown`.
    """
    from edgecnn.inference.classifier import Classifier
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
    sink_options = SinkOptions(
        form=form,
        save=save,
        segment_minutes=segment_minutes,
        quota_gib=quota_gib,
        csv=csv,
        uncertain=save_uncertain,
        margin=uncertain_margin,
        show=show_window,
        snapshots=shots,
        label_into=label_into,
    )
    sink_options.check(len(source))
    options = WatchOptions(
        parse_region(roi),
        Sampling(every, fps),
        parse_smoothing(smooth, hysteresis),
        max_frames,
        whole=sink_options.whole_frames,
        capture=CaptureOptions(
            settings, Patience(stall_s=stall_timeout, wait=wait), on_event=_tell
        ),
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
