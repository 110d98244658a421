"""Accuracy against measured latency of what ships, with the references: a table and a plot.

    python tests/benchmarks/pareto.py [--out demos/pictures/pareto.png]

Test accuracy is what each model's card says. Latency is measured here, on the CPU, 1 thread, each
model in turns with the task's reference in a process without torch, and given as their ratio.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer
from graphs import forms, seeded
from matplotlib.figure import Figure
from race import race

from edgecnn.atomic import write_atomic
from edgecnn.bench.clock import Ratio
from edgecnn.model.model_file import read_model
from edgecnn.model.shipped import shipped_model
from edgecnn.pages.plots import BLUE, ORANGE, to_png
from edgecnn.trainer.networks import Architecture, build

MNIST, CIFAR = (28, 28, 1), (32, 32, 3)
RESNET8_ACCURACY, RESNET8_BYTES = 0.8697, 98_496
"""MLPerf Tiny's int8 reference on the whole CIFAR-10 test set: its published .tflite file."""


@dataclass(frozen=True)
class Point:
    """One model of a task."""

    name: str
    accuracy: float
    size: int
    """Bytes."""
    graph: bytes
    shape: tuple[int, int, int]
    reference: bool = False


def shipped(name: str) -> Point:
    """Return a model that ships, with the int8 test accuracy of its card."""
    path = shipped_model(name)
    assert path is not None, f"{name} does not ship"
    model = read_model(path)
    (score,) = (a for a in model.card.accuracy if a.form == "int8")
    return Point(name, score.value, len(model.data), model.data, model.spec.shape)


def tutorial() -> Point:
    """Return the tutorial's network in fp32, with the accuracy on the shipped model's card."""
    path = shipped_model("article-mnist")
    assert path is not None
    (score,) = (a for a in read_model(path).card.accuracy if a.form == "fp32")
    _, _, fp32 = forms(seeded(lambda: build(Architecture(), MNIST, 10)), MNIST)
    return Point("tutorial, fp32", score.value, len(fp32), fp32, MNIST, reference=True)


def resnet8() -> Point:
    """Return MLPerf Tiny's network as our exporter quantizes it, with its published accuracy."""
    network = seeded(lambda: build(Architecture(name="resnet8"), CIFAR, 10))
    _, int8, _ = forms(network, CIFAR)
    name = "ResNet-8, int8"
    return Point(name, RESNET8_ACCURACY, RESNET8_BYTES, int8, CIFAR, reference=True)


def time_over(own: Point, first: Point) -> Ratio:
    """Return a model's time over the reference's, on the same random frame."""
    frame = np.random.default_rng(1).integers(0, 256, (1, *own.shape), np.uint8)
    return race((first.graph, own.graph), (frame, frame))


def draw(axes, points: list[Point], ratios: list[Ratio], title: str) -> None:  # type: ignore[no-untyped-def]
    """Plot one task; the area of a point is its file's size."""
    for point, measured in zip(points, ratios, strict=True):
        colour = ORANGE if point.reference else BLUE
        axes.scatter(measured.median, 100 * point.accuracy, s=point.size / 300, color=colour,
                     alpha=0.6)  # fmt: skip
        text = f"{point.name}\n{point.accuracy:.2%}, {point.size / 1024:.0f} KiB"
        axes.annotate(
            text,
            (measured.median, 100 * point.accuracy),
            fontsize=8,
            xytext=(0, -16 if point.reference else 14),
            textcoords="offset points",
            ha="center",
            va="top" if point.reference else "bottom",
        )
    axes.set(title=title, xlabel=f"latency over {points[0].name}", ylabel="test accuracy, %")
    axes.margins(0.3, 0.35)
    axes.grid(alpha=0.3)


def main(out: Path = Path("demos/pictures/pareto.png")) -> None:
    """Print the table, write the plot."""
    tasks = {
        "MNIST": [tutorial(), shipped("article-mnist"), shipped("digits")],
        "CIFAR-10": [resnet8(), *map(shipped, ("objects-small", "objects", "objects-large"))],
    }
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    for axes, (title, points) in zip(figure.subplots(1, 2), tasks.items(), strict=True):
        ratios = [time_over(point, points[0]) for point in points]
        for point, measured in zip(points, ratios, strict=True):
            print(f"{point.name:<16} {point.accuracy:.2%}  {point.size:>7,} bytes  {measured}")
        draw(axes, points, ratios, title)
    write_atomic(out, to_png(figure))


if __name__ == "__main__":
    typer.run(main)
