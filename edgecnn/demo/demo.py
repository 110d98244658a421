"""`edgecnn demo`: trains, exports, classifies a video, times the model and writes a report."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgecnn.atomic import write_atomic
from edgecnn.bench.measure import BenchReport, measure
from edgecnn.data.catalog import read
from edgecnn.data.downloads import BUNDLED
from edgecnn.demo.end_to_end_report import EndToEnd, render_end_to_end
from edgecnn.demo.video import write_video
from edgecnn.errors import CheckFailed, NotFound
from edgecnn.exporter.export import export
from edgecnn.exporter.options import Options
from edgecnn.exporter.ship import ExportReport
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.spec import Accuracy
from edgecnn.opencv import cv2, encode_png
from edgecnn.records import Record
from edgecnn.runner.result import Result
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.statistics import RunReport
from edgecnn.sinks.overlay import draw_label
from edgecnn.sinks.video.video_sink import VideoSink
from edgecnn.trainer.metrics import measure_accuracy
from edgecnn.trainer.progress import OnProgress
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.train import load_for, train

MNIST = Recipe(data="mnist", train_size=50_000)
DIGITS = Recipe(data=BUNDLED, epochs=30)
VIDEO_PICTURES = 200
MIN_ACCURACY = 0.9
"""Share of the video's frames that must be labelled correctly."""
SHOWN_FRAMES, SHOWN_WIDTH = 6, 240
"""Number and width (pixels) of the frames in the report."""
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class DemoReport(Record):
    """What the demo measured, and the files that it wrote."""

    data: str
    video: Accuracy
    """Share of the video's frames labelled correctly."""
    accuracy: tuple[Accuracy, ...]
    """Test accuracy of each form."""
    bench: BenchReport
    files: dict[str, str]
    """Paths by what the files are."""


def choose_recipe(data: str, on_progress: Callable[[str], None]) -> Recipe:
    """Return the recipe for a data set; by default MNIST, or digits if MNIST is not available.

    Args:
        data: Name or path of a data set. Empty: the default.
        on_progress: Gets a message if MNIST is not available.
    """
    recipes = {recipe.data: recipe for recipe in (MNIST, DIGITS)}
    if data:
        return recipes.get(data, replace(MNIST, data=data, train_size=0))
    try:
        read("mnist")
    except NotFound as error:
        on_progress(f"{error.what}\n  so the bundled {BUNDLED} are used: 1,797 real pictures")
        return DIGITS
    return MNIST


def run_demo(
    out: Path,
    data: str = "",
    *,
    training: Callable[[Recipe], AbstractContextManager[OnProgress]],
    on_progress: Callable[[str], None],
) -> DemoReport:
    """Train, export, classify a video, time int8 against fp32, and write `report.html`.

    Args:
        out: Folder for all files; those of an earlier demo are replaced.
        data: mnist, digits or a folder. Empty: MNIST, or digits if MNIST is not available.
        training: Opens a progress display for a recipe and gives its callback.
        on_progress: Called with the name of each stage.

    Raises:
        NotFound: There is no such data set.
        CheckFailed: Too few frames were labelled correctly. A failed gate does not raise; it is in
            the report.
    """
    recipe = choose_recipe(data, on_progress)
    on_progress(f"training {recipe.network.name} on {recipe.data}, {recipe.epochs} epochs")
    with training(recipe) as on_step:
        trained = train(recipe, out / "run", overwrite=True, on_progress=on_step)
    exported = export(out / "run", out, options=Options(force=True), on_progress=on_progress)
    on_progress("classifying a video of test pictures")
    video = out / "held-out.mp4"
    truth = write_video(video, load_for(recipe)[0].test, VIDEO_PICTURES)
    run = _classify_video(exported, video, out / "labelled.mp4", truth)
    on_progress("timing int8 against fp32")
    bench = measure(exported.files[Form.FP32], exported.files[Form.INT8])
    result = EndToEnd(trained, exported, run.accuracy, run.report, bench, run.shown)
    write_atomic(out / "frames.png", encode_png(np.hstack(run.shown)))
    report = write_atomic(out / "report.html", render_end_to_end(result))
    return _conclude(result, report, out)


@dataclass(frozen=True, eq=False)
class _VideoRun:
    """The classified video."""

    accuracy: Accuracy
    report: RunReport
    shown: tuple[Frame, ...]
    """A few labelled frames: (h, 244, 3) BGR with a white border."""


class RecordingSink:
    """A sink that records all predicted labels and, evenly spaced, a few labelled frames."""

    name, queue_size, needs_frames, required = "recording", 8, True, True

    def __init__(self, frames: int) -> None:
        """Prepare for a video of so many frames."""
        self.predicted: list[str] = []
        self.shown: list[Frame] = []
        self._step = max(1, frames // SHOWN_FRAMES)

    def __call__(self, result: Result) -> None:
        """Record one result."""
        self.predicted.append(result.prediction.label if result.prediction else "")
        if (result.number - 1) % self._step == 0:
            height = SHOWN_WIDTH * result.frame_bgr.shape[0] // result.frame_bgr.shape[1]
            size = (SHOWN_WIDTH, height)
            small = cv2.resize(draw_label(result), size, interpolation=cv2.INTER_AREA)
            bordered = cv2.copyMakeBorder(small, 0, 0, 2, 2, cv2.BORDER_CONSTANT, value=WHITE)
            self.shown.append(bordered)

    def close(self) -> None:
        """Do nothing: the records are read afterwards."""


def _classify_video(
    exported: ExportReport, video: Path, labelled: Path, truth: list[int]
) -> _VideoRun:
    """Classify the video as `edgecnn run` does, and score all frames."""
    recorded = RecordingSink(len(truth))
    with Classifier(exported.files[Form.INT8]) as classifier:
        plan = RunPlan([str(video)], lambda source: [recorded, VideoSink(labelled, source.fps)])
        outcome = Run(classifier, plan)()
        labels = classifier.spec.labels
    if outcome.value is None or outcome.value.interrupted:
        raise KeyboardInterrupt
    pairs = zip(truth, recorded.predicted, strict=True)
    correct = sum(labels[index] == label for index, label in pairs)
    accuracy = measure_accuracy(Form.INT8, "video", correct, len(truth))
    return _VideoRun(accuracy, outcome.value, tuple(recorded.shown[:SHOWN_FRAMES]))


def _conclude(result: EndToEnd, report: Path, out: Path) -> DemoReport:
    if result.video.value < MIN_ACCURACY:
        raise CheckFailed(
            f"only {result.video.value:.2%} of the video's frames were labelled correctly",
            remedy=f"look at {report}",
        )
    files = {
        **{f"run {path.name}": str(path) for path in sorted((out / "run").iterdir())},
        **result.exported.files,
        **result.exported.reports,
        "video": str(out / "held-out.mp4"),
        "labelled video": str(out / "labelled.mp4"),
        "frames": str(out / "frames.png"),
        "report": str(report),
    }
    return DemoReport(
        result.trained.recipe.data, result.video, result.exported.accuracy, result.bench, files
    )
