"""What each way of shrinking a camera frame costs in accuracy and in time, against INTER_AREA.

    EDGECNN_DATA=... python tests/benchmarks/shrink_rules.py [--digits 10000]

MNIST's validation digits (never the test set) are drawn onto 640x480 camera frames: as they are
with noise, as thin lines, and as thin lines with noise (sigma 25 levels). A network that was
trained on such drawings, shrunk by INTER_AREA, labels what each rule makes of the same frames.
Times are of 480x480 to 28x28 and 640x480 to 32x32, one thread, rules interleaved. About 10 minutes.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import typer
from drawing import CONDITIONS, draw_frame, thin_lines

from edgecnn.cli.progress import print_line, training_bar
from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.memory import keep_freed_memory
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink
from edgecnn.opencv import cv2
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.score import choose_device, logits_of
from edgecnn.trainer.train import load_for, train_on

Rule = Callable[[Frame, int], Frame]

TRAINING_DIGITS = 4_000
RECIPE = Recipe(train_size=50_000, epochs=3)


def grid(cells: int, pick: int) -> Rule:
    """Sample cells x cells pixels for each target pixel, then average them."""

    def rule(frame: Frame, side: int) -> Frame:
        small = cv2.resize(frame, (cells * side, cells * side), interpolation=pick)
        while cells_left := small.shape[0] // side // 2:
            if small.shape[0] % (2 * side):
                break
            small = cv2.resize(
                small, (cells_left * side, cells_left * side), interpolation=cv2.INTER_AREA
            )
        return area(small, side)

    return rule


def area(frame: Frame, side: int) -> Frame:
    """Average every pixel."""
    small: Frame = cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)
    return small


def rows(kept: int) -> Rule:
    """Keep every k-th row, so that each target row averages `kept` of them."""

    def rule(frame: Frame, side: int) -> Frame:
        step = max(1, frame.shape[0] // (kept * side))
        return area(frame[step // 2 :: step], side)

    return rule


def half(frame: Frame, side: int) -> Frame:
    """Average 2x2 pixels, then the rest."""
    return area(area_half(frame), side)


def area_half(frame: Frame) -> Frame:
    """Return the frame at half its size."""
    shape = (frame.shape[1] // 2, frame.shape[0] // 2)
    small: Frame = cv2.resize(frame, shape, interpolation=cv2.INTER_AREA)
    return small


def shipped(frame: Frame, side: int) -> Frame:
    """What `fit_frame` does by default."""
    return fit_frame(frame, ModelSpec(("a", "b"), side, side, 3, Fit.STRETCH, Shrink.GRID8))


RULES: dict[str, Rule] = {
    "area": area,
    "grid8 (shipped)": shipped,
    "grid6": grid(6, cv2.INTER_NEAREST_EXACT),
    "grid4": grid(4, cv2.INTER_NEAREST_EXACT),
    "linear4": grid(4, cv2.INTER_LINEAR_EXACT),
    "rows4": rows(4),
    "rows2": rows(2),
    "half": half,
}


def drawings(pictures: Pictures, count: int, seed: int) -> Iterator[tuple[str, int, Frame]]:
    """Yield condition, label and camera frame for the first `count` digits."""
    frames = np.asarray(pictures.frames[:count])[..., 0]
    lines = thin_lines(frames)
    random = np.random.default_rng(seed)
    for index in range(count):
        for condition in CONDITIONS:
            frame = draw_frame(frames[index], lines[index], condition, random)
            yield condition.name, int(pictures.labels[index]), frame


def training_set(data: Dataset) -> Dataset:
    """Return MNIST's training pictures with drawings of some of them, shrunk by INTER_AREA."""
    drawn = [
        (area(frame[:, 80:560], 28), label)
        for _, label, frame in drawings(data.train, TRAINING_DIGITS, seed=1)
    ]
    gray = np.stack([cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)[..., None] for small, _ in drawn])
    train = Pictures(
        np.concatenate([np.asarray(data.train.frames), gray]),
        np.concatenate([data.train.labels, np.array([label for _, label in drawn])]),
    )
    return replace(data, train=train)


def compare_accuracy(digits: int) -> None:
    """Print accuracy by condition and rule, and who lost and won digits against INTER_AREA."""
    data, spec = load_for(RECIPE)
    with training_bar(RECIPE) as on_progress:
        _, network = train_on(training_set(data), spec, RECIPE, on_progress=on_progress)
    fitted: dict[tuple[str, str], list[Frame]] = {}
    truth = []
    for condition, label, frame in drawings(data.validation, digits, seed=2):
        truth.append(label)
        for name, rule in RULES.items():
            small = cv2.cvtColor(rule(frame[:, 80:560], 28), cv2.COLOR_BGR2GRAY)
            fitted.setdefault((condition, name), []).append(small[..., None])
    labels = np.array(truth[:: len(CONDITIONS)])
    right = {
        key: logits_of(network, Pictures(np.stack(frames), labels), choose_device("cpu"))
        .argmax(1)
        .numpy()
        == labels
        for key, frames in fitted.items()
    }
    for (condition, name), hits in right.items():
        against = right[condition, "area"]
        drop = 100 * (against.mean() - hits.mean())
        lost, won = int((against & ~hits).sum()), int((hits & ~against).sum())
        print(
            f"{condition:<12} {name:<16} {hits.mean():7.2%}  loses {drop:+.2f} points "
            f"(lost {lost}, won {won} of {len(labels)})"
        )


def compare_time(rounds: int = 300) -> None:
    """Print the median time of each rule, and its ratio to INTER_AREA."""
    whole = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    for frame, side in ((whole[:, 80:560], 28), (whole, 32)):
        samples: dict[str, list[float]] = {name: [] for name in RULES}
        for _ in range(rounds):
            for name, rule in RULES.items():
                start = time.perf_counter_ns()
                rule(frame, side)
                samples[name].append((time.perf_counter_ns() - start) / 1e3)
        for name, times in samples.items():
            ratio = statistics.median(t / a for t, a in zip(times, samples["area"], strict=True))
            size = f"{frame.shape[1]}x{frame.shape[0]} to {side}x{side}"
            print(f"{size}  {name:<16} {statistics.median(times):6.0f} us  {ratio:.2f} of area")


def main(digits: int = 10_000) -> None:
    """Print both tables."""
    cv2.setNumThreads(1)
    compare_time()
    print_line(f"drawing {digits} digits in {len(CONDITIONS)} conditions")
    compare_accuracy(digits)


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    typer.run(main)
