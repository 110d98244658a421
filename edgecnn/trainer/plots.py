"""Plots of a training run, as PNG bytes."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edgecnn.trainer.fit import Epoch
from edgecnn.trainer.metrics import Metrics

BLUE, ORANGE = "#1f6feb", "#d9730d"


def plot_history(history: Sequence[Epoch]) -> bytes:
    """Plot loss and accuracy by epoch, training against validation."""
    figure = Figure(figsize=(8, 3), layout="constrained")
    epochs = [epoch.epoch for epoch in history]
    panels = zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True)
    for axes, name in panels:
        for prefix, label, colour in (
            ("", "training", BLUE),
            ("validation_", "validation", ORANGE),
        ):
            values = [getattr(epoch, prefix + name) for epoch in history]
            axes.plot(epochs, values, "o-", label=label, color=colour, markersize=4)
        axes.set(xlabel="epoch", title=name.capitalize())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return to_png(figure)


def plot_confusion(metrics: Metrics) -> bytes:
    """Plot the confusion matrix: counts as text, mistakes in colour."""
    counts = np.array(metrics.confusion)
    labels = [row.label for row in metrics.classes]
    side = min(12.0, 2.0 + 0.42 * len(labels))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    mistakes = np.where(np.eye(len(labels), dtype=bool), 0, counts)
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()))
    ticks = range(len(labels))
    axes.set(xlabel="called", ylabel="is", title=f"{metrics.accuracy.value:.2%} correct")
    axes.set_xticks(ticks, labels, rotation=0 if max(map(len, labels)) < 3 else 90)
    axes.set_yticks(ticks, labels)
    if len(labels) <= 30:
        _write_counts(axes, counts, mistakes)
    return to_png(figure)


def _write_counts(axes, counts, mistakes) -> None:  # type: ignore[no-untyped-def]
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = mistakes[row, column] > mistakes.max() / 2
            colour = "white" if dark else "black"
            weight = "bold" if row == column else "normal"
            axes.text(column, row, count, ha="center", va="center", fontsize=8,
                      color=colour, weight=weight)  # fmt: skip


def to_png(figure: Figure) -> bytes:
    """Render a figure; no date inside, so the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
