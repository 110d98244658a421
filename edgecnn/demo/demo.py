"""`edgecnn demo`: the whole way of a picture, from a data set to a report, in one call."""

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
SHOWN_FRAMES, SHOWN_WIDTH = 6, 240
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class DemoReport(Record):
    """What the demo measured, and every file it made."""

    data: str
    video: Accuracy
    """Share of the video's frames labelled correctly."""
    accuracy: tuple[Accuracy, ...]
    """Of each form, on the test part."""
    bench: BenchReport
    files: dict[str, str]


def choose_recipe(data: str, say: Callable[[str], None]) -> Recipe:
    """Return the recipe for mnist or digits; without a choice, MNIST if it can be had.

    Raises:
        NotFound: The data set that was asked for is not there.
    """
    recipes = {recipe.data: recipe for recipe in (MNIST, DIGITS)}
    if data:
        return recipes.get(data, replace(MNIST, data=data, train_size=0))
    try:
        read("mnist")
    except NotFound as error:
        say(f"{error.what}\n  so the bundled {BUNDLED} are used: 1,797 real pictures")
        return DIGITS
    return MNIST


def run_demo(
    out: Path,
    data: str = "",
    *,
    training: Callable[[Recipe], AbstractContextManager[OnProgress]],
    say: Callable[[str], None],
) -> DemoReport:
    """Train, export, classify a video, time int8 against fp32, write `report.html`.

    Args:
        out: Folder for everything; what an earlier demo left there is replaced.
        data: mnist, digits or a folder; by default MNIST, or digits where MNIST cannot be had.
        training: Shows the progress of training.
        say: Told each stage.

    Raises:
        CheckFailed: Too few frames were labelled correctly. What the gate says is in the report.
    """
    recipe = choose_recipe(data, say)
    say(f"training {recipe.network.name} on {recipe.data}, {recipe.epochs} epochs")
    with training(recipe) as on_progress:
        trained = train(recipe, out / "run", overwrite=True, on_progress=on_progress)
    exported = export(out / "run", out, options=Options(force=True), on_progress=say)
    say("classifying a video of pictures it never saw")
    video = out / "held-out.mp4"
    truth = write_video(video, load_for(recipe)[0].test, VIDEO_PICTURES)
    filmed = _film(exported, video, out / "labelled.mp4", truth)
    say("timing int8 against fp32")
    bench = measure(exported.files[Form.FP32], exported.files[Form.INT8])
    way = EndToEnd(trained, exported, filmed.accuracy, filmed.run, bench, filmed.shown)
    write_atomic(out / "frames.png", encode_png(np.hstack(filmed.shown)))
    report = write_atomic(out / "report.html", render_end_to_end(way))
    return _conclude(way, report, out)


@dataclass(frozen=True, eq=False)
class _Filmed:
    accuracy: Accuracy
    run: RunReport
    shown: tuple[Frame, ...]


class _Notes:
    """A sink that keeps what the network says, and a few frames to show."""

    name, queue_size, needs_frames, required = "notes", 8, True, True

    def __init__(self, frames: int) -> None:
        self.answers: list[str] = []
        self.shown: list[Frame] = []
        self._step = max(1, frames // SHOWN_FRAMES)

    def __call__(self, result: Result) -> None:
        self.answers.append(result.prediction.label if result.prediction else "")
        if (result.number - 1) % self._step == 0:
            height = SHOWN_WIDTH * result.frame_bgr.shape[0] // result.frame_bgr.shape[1]
            small = cv2.resize(
                draw_label(result), (SHOWN_WIDTH, height), interpolation=cv2.INTER_AREA
            )
            shown = cv2.copyMakeBorder(small, 0, 0, 2, 2, cv2.BORDER_CONSTANT, value=WHITE)
            self.shown.append(shown)

    def close(self) -> None:
        """Do nothing: they are read afterwards."""


def _film(exported: ExportReport, video: Path, labelled: Path, truth: list[int]) -> _Filmed:
    """Classify the video as `edgecnn run` does, and score every frame."""
    noted = _Notes(len(truth))
    with Classifier(exported.files[Form.INT8]) as classifier:
        plan = RunPlan([str(video)], lambda source: [noted, VideoSink(labelled, source.fps)])
        outcome = Run(classifier, plan)()
        labels = classifier.spec.labels
    if outcome.value is None or outcome.value.interrupted:
        raise KeyboardInterrupt
    correct = sum(labels[i] == answer for i, answer in zip(truth, noted.answers, strict=True))
    accuracy = measure_accuracy(Form.INT8, "video", correct, len(truth))
    return _Filmed(accuracy, outcome.value, tuple(noted.shown[:SHOWN_FRAMES]))


def _conclude(way: EndToEnd, report: Path, out: Path) -> DemoReport:
    if way.video.value < MIN_ACCURACY:
        raise CheckFailed(
            f"only {way.video.value:.2%} of the video's frames were labelled correctly",
            remedy=f"look at {report}",
        )
    files = {
        **{f"run {path.name}": str(path) for path in sorted((out / "run").iterdir())},
        **way.exported.files,
        **way.exported.reports,
        "video": str(out / "held-out.mp4"),
        "labelled video": str(out / "labelled.mp4"),
        "frames": str(out / "frames.png"),
        "report": str(report),
    }
    return DemoReport(way.trained.recipe.data, way.video, way.exported.accuracy, way.bench, files)
