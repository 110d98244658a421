"""The report of the demo: training, export, run on a video, and latency on one page."""

from dataclasses import dataclass
from pathlib import Path

from edgecnn.bench.measure import BenchReport
from edgecnn.exporter.ship import ExportReport
from edgecnn.model.frame import Frame
from edgecnn.model.spec import Accuracy
from edgecnn.opencv import encode_png
from edgecnn.pages.render import Picture, Section, render_page
from edgecnn.runner.statistics import RunReport
from edgecnn.trainer.report.plots import plot_confusion
from edgecnn.trainer.report.run_page import curves
from edgecnn.trainer.run_folder import TrainReport


@dataclass(frozen=True)
class EndToEnd:
    """All measurements of the demo."""

    trained: TrainReport
    exported: ExportReport
    video: Accuracy
    """Accuracy over the frames of the video."""
    run: RunReport
    bench: BenchReport
    frames: tuple[Frame, ...]
    """A few labelled frames of the video, (h, w, 3) BGR."""


def render_end_to_end(result: EndToEnd) -> str:
    """Return the HTML page."""
    recipe = result.trained.recipe
    ratio = result.bench.ratio
    assert ratio, "two models are timed"
    summary = (
        f"The {recipe.network.name} network was trained on {recipe.data} and exported to int8. "
        f"It labels {result.video.value:.2%} of the frames of a video of test pictures "
        f"correctly. int8 takes {ratio.median:.2f} of the time of fp32 here "
        f"[{ratio.low:.2f}, {ratio.high:.2f}]."
    )
    made_by = Section("Recipe", code=recipe.to_json(indent=2))
    sections = [_training(result), _export(result), _video(result), _latency(result), made_by]
    return render_page(f"edgecnn: {recipe.network.name} on {recipe.data}", summary, sections)


def _training(result: EndToEnd) -> Section:
    trained = result.trained
    parts = ", ".join(f"{count:,} {part}" for part, count in trained.pictures.items())
    worst = min(trained.test.classes, key=lambda row: row.f1)
    return Section(
        "Training",
        rows=(
            ("pictures", parts),
            ("parameters", f"{trained.parameters:,}"),
            ("test accuracy", f"{trained.test.accuracy} (95 % interval)"),
            ("hardest class", f"{worst.label}: F1 {worst.f1:.2%}"),
            ("time", f"{trained.seconds:.1f} s on {trained.device}"),
        ),
        pictures=(
            *curves(trained.history),
            Picture("Confusion matrix on the test pictures", plot_confusion(trained.test)),
        ),
    )


def _export(result: EndToEnd) -> Section:
    exported, of_labels = result.exported, "of the validation labels"
    sizes = [(Path(p).name, f"{exported.sizes_kib[f]} KiB") for f, p in exported.files.items()]
    return Section(
        "Export",
        " ".join(f"The verdict of the gate is {g.verdict}: {g.reason}." for g in exported.gates),
        rows=(
            *sizes,
            *((f"test accuracy {score.form}", score) for score in exported.accuracy),
            ("torch = fp32", f"{exported.export_agreement:.2%} {of_labels}"),
            *((f"fp32 = {g.form}", f"{g.agreement:.2%} {of_labels}") for g in exported.gates),
        ),
    )


def _video(result: EndToEnd) -> Section:
    return Section(
        "Video",
        "Each picture is shown for a few frames, so the frames are less independent than the "
        "interval assumes.",
        rows=(("accuracy", result.video), ("run", result.run)),
        pictures=tuple(
            Picture(f"frame {i}", encode_png(f)) for i, f in enumerate(result.frames, 1)
        ),
    )


def _latency(result: EndToEnd) -> Section:
    bench = result.bench
    return Section(
        "Latency",
        f"From frame to prediction, on {bench.frames}; both interleaved in one process.",
        rows=(
            *((f"{row.model}.{row.form}", row.latency) for row in bench.models),
            ("int8 / fp32", f"{bench.ratio} (95 % interval of the median)"),
            ("threads", bench.threads),
            ("machine", bench.machine),
        ),
    )
