"""The report of a picture's whole way: trained, exported, run on a video, timed."""

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
    """Everything that was measured on the way."""

    trained: TrainReport
    exported: ExportReport
    video: Accuracy
    """Over the frames of the video."""
    run: RunReport
    bench: BenchReport
    frames: tuple[Frame, ...]
    """A few labelled frames of the video."""


def render_end_to_end(way: EndToEnd) -> str:
    """Return the HTML page."""
    recipe = way.trained.recipe
    ratio = way.bench.ratio
    assert ratio, "two models are timed"
    summary = (
        f"The {recipe.network.name} network learned {recipe.data} and was exported to int8. "
        f"On a video of pictures it never saw it labels {way.video.value:.2%} of the frames "
        f"correctly. int8 takes {ratio.median:.2f} of the time of fp32 here "
        f"[{ratio.low:.2f}, {ratio.high:.2f}]."
    )
    made_by = Section("Recipe", code=recipe.to_json(indent=2))
    sections = [_training(way), _export(way), _video(way), _latency(way), made_by]
    return render_page(f"edgecnn: {recipe.network.name} on {recipe.data}", summary, sections)


def _training(way: EndToEnd) -> Section:
    trained = way.trained
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


def _export(way: EndToEnd) -> Section:
    exported = way.exported
    return Section(
        "Export",
        " ".join(f"The gate says {g.verdict}: {g.reason}." for g in exported.gates),
        rows=(
            *(
                (Path(path).name, f"{exported.sizes_kib[form]} KiB")
                for form, path in exported.files.items()
            ),
            *((f"test accuracy {score.form}", score) for score in exported.accuracy),
            ("torch = fp32", f"{exported.export_agreement:.2%} of the validation labels"),
            *(
                (f"fp32 = {gate.form}", f"{gate.agreement:.2%} of the validation labels")
                for gate in exported.gates
            ),
        ),
    )


def _video(way: EndToEnd) -> Section:
    return Section(
        "Video",
        "Each picture is shown for a few frames, so these are less independent than the interval "
        "takes them to be.",
        rows=(("accuracy", way.video), ("run", way.run)),
        pictures=tuple(Picture(f"frame {i}", encode_png(f)) for i, f in enumerate(way.frames, 1)),
    )


def _latency(way: EndToEnd) -> Section:
    bench = way.bench
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
