"""`report.html` of a training run: all that was measured, on one page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgecnn.model.frame import Frame
from edgecnn.pages.render import Picture, Section, render_page
from edgecnn.trainer.metrics import Metrics
from edgecnn.trainer.report.misclassified import Misclassified, thumbnails
from edgecnn.trainer.report.plots import (
    panels_of,
    plot_confusion,
    plot_curve,
    plot_reliability,
)
from edgecnn.trainer.report.reliability import Reliability
from edgecnn.trainer.report.tables import (
    classes_table,
    confused_table,
    history_table,
    reliability_table,
)
from edgecnn.trainer.snapshot import Epoch

FIGURE_WIDTH = 440
"""Of a small figure, CSS pixels: a phone shows it nearly whole, a screen two side by side."""
SHOWN = 24
"""Small pictures in a grid, at most: the page stays under 3 MB."""
SHOWN_LINES = 200
"""Lines of a list, at most; `metrics.json` has them all."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RunPage:
    """What the page of a run shows."""

    title: str
    recipe: str
    """As JSON."""
    facts: tuple[tuple[str, object], ...]
    """Machine, versions, digests, seconds: a name and a value each."""
    history: Sequence[Epoch]
    test: Metrics
    reliability: Reliability
    """Of the test part."""
    mistakes: Sequence[Misclassified]
    """The surest wrong answers on the test part, the surest first."""
    mistaken: Sequence[Frame] | Frame
    """The mistakes' pictures, in the same order: (m, h, w, c) uint8, gray or BGR."""
    samples: Sequence[Frame] | Frame
    """Training pictures as the network got them: (n, h, w, c) uint8; may be empty."""
    pictures: Mapping[str, int]
    """How many pictures each part holds."""
    problems: tuple[str, ...]
    """One line for each file of the data set that could not be used."""


def render_run_page(parts: RunPage) -> str:
    """Return the page as HTML: no outside files, no script, every text escaped."""
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
    """Return one picture for each quantity that the epochs noted."""
    return tuple(
        Picture(
            f"{name.replace('_', ' ').capitalize()} by epoch",
            plot_curve(history, name),
            FIGURE_WIDTH,
        )
        for name in panels_of(history)
    )


def _confusion(parts: RunPage) -> Section:
    confused = confused_table(parts.test)
    return Section(
        "Confusions",
        pictures=(
            Picture("Rows: what it is. Columns: what it was called.", plot_confusion(parts.test)),
        ),
        tables=(confused,) if confused.rows else (),
    )


def _classes(parts: RunPage) -> Section:
    table = classes_table(parts.test)
    hardest = sorted(table.rows, key=lambda row: float(row[-1]))
    return Section(
        "Classes",
        "The hardest first. Precision: of those called so, how many are. Recall: of those that "
        "are, how many were called so.",
        tables=(replace(table, rows=tuple(hardest)),),
    )


def _reliability(parts: RunPage) -> Section:
    measured, accuracy = parts.reliability, parts.test.accuracy.value
    side = "more" if measured.confidence >= accuracy else "less"
    return Section(
        "Reliability",
        f"Expected calibration error (ECE): {measured.ece:.2%}. The network is on average "
        f"{measured.confidence:.2%} sure and {accuracy:.2%} right: {side} sure than right.",
        pictures=(Picture("Accuracy by confidence", plot_reliability(measured), FIGURE_WIDTH),),
        tables=(reliability_table(measured),),
    )


def _mistakes(parts: RunPage) -> Section:
    if not parts.mistakes:
        return Section("Worst mistakes", "No picture was labelled wrongly.")
    labels = [row.label for row in parts.test.classes]
    captions = [
        f"is {labels[wrong.truth]}, called {labels[wrong.called]}, {wrong.confidence:.1%} sure"
        for wrong in parts.mistakes[:SHOWN]
    ]
    return Section(
        "Worst mistakes",
        "Wrong answers, the surest first.",
        thumbnails=_grid(captions, parts.mistaken[:SHOWN]),
    )


def _samples(parts: RunPage) -> list[Section]:
    if not len(parts.samples):
        return []
    shown = parts.samples[:SHOWN]
    text = "Training pictures as the network got them, after augmentation."
    return [Section("What the network saw", text, thumbnails=_grid(["" for _ in shown], shown))]


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
