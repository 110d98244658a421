"""Plots of a training run, as PNG bytes."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edgecnn.pages.plots import BLUE, DPI, GRAY, ORANGE, to_png
from edgecnn.trainer.metrics import Metrics
from edgecnn.trainer.report.reliability import Reliability
from edgecnn.trainer.snapshot import Epoch

Counts = npt.NDArray[np.int_]
"""(classes, classes) numbers of pictures."""

LABEL_LENGTH = 24
"""Longer class names are truncated, so that they leave room for the figure."""


def plot_history(history: Sequence[Epoch]) -> bytes:
    """Plot all figures of the epochs, one panel per quantity."""
    names = panels_of(history)
    figure = Figure(figsize=(4 * len(names), 3), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _draw_curve(axes, history, name)
        axes.set_title(name.replace("_", " "))
    return to_png(figure)


def plot_curve(history: Sequence[Epoch], name: str) -> bytes:
    """Plot one quantity by epoch, at twice the resolution of the other plots."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    _draw_curve(axes, history, name)
    axes.set_ylabel(name.replace("_", " "))
    return to_png(figure, dpi=2 * DPI)


def panels_of(history: Sequence[Epoch]) -> list[str]:
    """Return the quantities to plot; training and validation of one quantity share a panel."""
    return [name for name in _values(history) if name != "epoch" and "validation_" not in name]


def _values(history: Sequence[Epoch]) -> dict[str, list[float]]:
    rows = [asdict(epoch) for epoch in history]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _draw_curve(axes: Axes, history: Sequence[Epoch], name: str) -> None:
    values = _values(history)
    mark = "o-" if len(history) <= 30 else "-"
    paired = f"validation_{name}" in values
    axes.plot(values["epoch"], values[name], mark, label="training", color=BLUE, markersize=4)
    if paired:
        validation = values[f"validation_{name}"]
        axes.plot(values["epoch"], validation, mark, label="validation", color=ORANGE, markersize=4)
        axes.legend(frameon=False)
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)


def plot_confusion(metrics: Metrics) -> bytes:
    """Plot the confusion matrix: counts as text, misclassified pictures in colour."""
    counts = np.array(metrics.confusion)
    labels = [_short(row.label) for row in metrics.classes]
    side = min(12.0, 2.0 + 0.42 * len(labels))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    mistakes = np.where(np.eye(len(labels), dtype=bool), 0, counts)
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()))
    axes.set(
        xlabel="predicted class", ylabel="true class", title=f"{metrics.accuracy.value:.2%} correct"
    )
    # parse_math=False: a dollar sign in a class name does not start a formula.
    style: dict[str, Any] = {"fontsize": 10 if len(labels) <= 30 else 6, "parse_math": False}
    upright = 0 if max(map(len, labels)) < 3 else 90
    axes.set_xticks(range(len(labels)), labels, rotation=upright, **style)
    axes.set_yticks(range(len(labels)), labels, **style)
    if len(labels) <= 30:
        _write_counts(axes, counts, mistakes)
    return to_png(figure)


def _short(label: str) -> str:
    return label if len(label) <= LABEL_LENGTH else label[: LABEL_LENGTH - 1] + "…"


def _write_counts(axes: Axes, counts: Counts, mistakes: Counts) -> None:
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = mistakes[row, column] > mistakes.max() / 2
            colour = "white" if dark else "black"
            weight = "bold" if row == column else "normal"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8,
                      color=colour, weight=weight)  # fmt: skip


def plot_reliability(reliability: Reliability) -> bytes:
    """Plot accuracy against confidence, and the number of pictures in each bin.

    Source: the reliability diagrams of Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    figure = Figure(figsize=(4, 4.4), layout="constrained")
    diagram, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    left = [row.lower for row in reliability.bins]
    wide = [row.upper - row.lower for row in reliability.bins]
    style: dict[str, Any] = {"width": wide, "align": "edge", "edgecolor": "white"}
    diagram.bar(left, [row.accuracy for row in reliability.bins], color=BLUE, **style)
    diagram.plot([0, 1], [0, 1], "--", color=GRAY, label="perfect calibration")
    diagram.plot([row.confidence for row in reliability.bins],
                 [row.accuracy for row in reliability.bins], "o", color=ORANGE, markersize=4,
                 clip_on=False, label="mean confidence of the bin")  # fmt: skip
    diagram.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="accuracy")
    diagram.legend(frameon=False, loc="upper left", fontsize=8)
    counts.bar(left, [row.count for row in reliability.bins], color=GRAY, **style)
    # Log scale, because most pictures fall into the last bin.
    counts.set(yscale="log", ylim=(0.5, None), xlabel="confidence", ylabel="pictures")
    return to_png(figure, dpi=2 * DPI)
