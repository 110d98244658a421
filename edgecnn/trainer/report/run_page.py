"""`report.html` of a training run: all its figures, tables and plots on one page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgecnn.model.frame import Frame
from edgecnn.pages.render import Picture, Section, render_page
from edgecnn.trainer.metrics import Metrics
from edgecnn.trainer.report.misclassified import Misclassified, thumbnails
from edgecnn.trainer.report.plots import panels_of, plot_confusion, plot_curve, plot_reliability
from edgecnn.trainer.report.reliability import Reliability
from edgecnn.trainer.report.tables import (
    classes_table,
    confused_table,
    history_table,
    reliability_table,
)
from edgecnn.trainer.snapshot import Epoch

FIGURE_WIDTH = 440
"""Width of a small figure, CSS pixels: two fit side by side on a screen."""
SHOWN = 24
"""Largest number of thumbnails in a grid, so that the page stays under 3 MB."""
SHOWN_LINES = 200
"""Largest number of lines in a list; `metrics.json` has all of them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RunPage:
    """The content of a run's page."""

    title: str
    recipe: str
    """As JSON."""
    facts: tuple[tuple[str, object], ...]
    """Names and values: machine, versions, digests, seconds."""
    history: Sequence[Epoch]
    test: Metrics
    reliability: Reliability
    """Of the test part."""
    mistakes: Sequence[Misclassified]
    """Misclassified test pictures, the most confident predictions first."""
    mistaken: Sequence[Frame] | Frame
    """The pictures of `mistakes`, in the same order: (m, h, w, c) uint8, gray or BGR."""
    samples: Sequence[Frame] | Frame
    """Augmented training pictures: (n, h, w, c) uint8; may be empty."""
    pictures: Mapping[str, int]
    """Number of pictures in each part."""
    problems: tuple[str, ...]
    """One line for each file of the data set that could not be used."""


def render_run_page(parts: RunPage) -> str:
    """Return the page as one HTML file without scripts; all texts are escaped."""
    sections = [
        Section("Training", pictures=curves(parts.history), tables=(history_table(parts.history),)),
        _confusion(parts),
        _classes(parts),
        _reliability(parts),
        _mistakes(parts),
        *_samples(parts),
        *_data(parts),
        Section("Recipe", code=json.dumps(json.loads(parts.recipe), indent=2, ensure_ascii=False)),
        Section("Machine and digests", rows=parts.facts),
    ]
    return render_page(parts.title, _summary(parts), sections)


def _summary(parts: RunPage) -> str:
    score = parts.test.accuracy
    return (
        f"{score.value:.2%} of {score.total:,} {score.split} pictures are labelled correctly; "
        f"the 95 % interval is {score.low:.2%} to {score.high:.2%}."
    )


def curves(history: Sequence[Epoch]) -> tuple[Picture, ...]:
    """Return one plot for each quantity that the epochs have."""
    captions = {n: f"{n.replace('_', ' ').capitalize()} by epoch" for n in panels_of(history)}
    return tuple(
        Picture(caption, plot_curve(history, name), FIGURE_WIDTH)
        for name, caption in captions.items()
    )


def _confusion(parts: RunPage) -> Section:
    confused = confused_table(parts.test)
    matrix = Picture("Rows: true class. Columns: predicted class.", plot_confusion(parts.test))
    return Section("Confusions", pictures=(matrix,), tables=(confused,) if confused.rows else ())


def _classes(parts: RunPage) -> Section:
    table = classes_table(parts.test)
    hardest = sorted(table.rows, key=lambda row: float(row[-1]))
    return Section(
        "Classes",
        "The lowest F1 first. Precision: share of the pictures predicted as a class that belong to "
        "it. Recall: share of the pictures of a class that were predicted as it.",
        tables=(replace(table, rows=tuple(hardest)),),
    )


def _reliability(parts: RunPage) -> Section:
    measured, accuracy = parts.reliability, parts.test.accuracy.value
    side = "overconfident" if measured.confidence >= accuracy else "underconfident"
    return Section(
        "Reliability",
        f"Expected calibration error (ECE): {measured.ece:.2%}. The mean confidence is "
        f"{measured.confidence:.2%}, the accuracy {accuracy:.2%}: the network is {side}.",
        pictures=(Picture("Accuracy by confidence", plot_reliability(measured), FIGURE_WIDTH),),
        tables=(reliability_table(measured),),
    )


def _mistakes(parts: RunPage) -> Section:
    if not parts.mistakes:
        return Section("Worst mistakes", "No picture was misclassified.")
    labels = [row.label for row in parts.test.classes]
    captions = [
        f"true {labels[wrong.truth]}, predicted {labels[wrong.predicted]} at {wrong.confidence:.1%}"
        for wrong in parts.mistakes[:SHOWN]
    ]
    text = "Misclassified pictures, the most confident predictions first."
    return Section("Worst mistakes", text, thumbnails=_grid(captions, parts.mistaken[:SHOWN]))


def _samples(parts: RunPage) -> list[Section]:
    if not len(parts.samples):
        return []
    shown = parts.samples[:SHOWN]
    text = "Training pictures after augmentation."
    return [Section("Augmented pictures", text, thumbnails=_grid(["" for _ in shown], shown))]


def _grid(captions: Sequence[str], frames: Sequence[Frame] | Frame) -> tuple[Picture, ...]:
    pairs = zip(captions, thumbnails(frames), strict=True)
    return tuple(Picture(caption, png) for caption, png in pairs)


def _data(parts: RunPage) -> list[Section]:
    counts = tuple((f"{name} pictures", f"{count:,}") for name, count in parts.pictures.items())
    return [
        Section("Data", rows=(*counts, ("problems", f"{len(parts.problems):,}"))),
        *_listed("Problems of the data", parts.problems),
    ]


def _listed(title: str, lines: Sequence[str]) -> list[Section]:
    more = len(lines) - SHOWN_LINES
    text = f"The first {SHOWN_LINES} of {len(lines):,}; metrics.json has all." if more > 0 else ""
    return [Section(title, text, code="\n".join(lines[:SHOWN_LINES]))] if lines else []
