"""A small folder of photographs: training from scratch against starting from `objects`.

    EDGECNN_DATA=... python tests/benchmarks/ants_and_bees.py [--seeds 3] [--out runs/ants-and-bees]

244 photographs train and validate; the 153 of the folder's `val` are the test set here. Both ways
use the same network, size, augmentation and epochs; only the first weights differ.
"""

import csv
import io
import statistics
from dataclasses import replace
from pathlib import Path

import typer

from edgecnn.atomic import write_atomic
from edgecnn.cli.progress import print_line, training_bar
from edgecnn.data.catalog import locate
from edgecnn.memory import keep_freed_memory
from edgecnn.trainer.augment import Augment
from edgecnn.trainer.recipe import Optimizer, Recipe, Schedule, Transfer
from edgecnn.trainer.train import train
from edgecnn.trainer.transfer import start_from

START = "objects"
LEARN = Recipe(
    size=64,
    epochs=60,
    batch=32,
    optimizer=Optimizer.SGD,
    learning_rate=0.05,
    weight_decay=5e-4,
    schedule=Schedule.ONE_CYCLE,
    average=0.98,
    augment=Augment(flip=True, shift=0.1, rotate=15, scale=0.15, brightness=0.2, saturation=0.2),
)


def write_list(out: Path) -> Path:
    """Write the list of photographs, the folder's `val` as test."""
    folder, text = locate("hymenoptera"), io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("path", "label", "split"))
    for part, split in (("train", "train"), ("val", "test")):
        for path in sorted((folder / part).glob("*/*.jpg")):
            rows.writerow((path, path.parent.name, split))
    return write_atomic(out / "photographs.csv", text.getvalue())


def main(seeds: int = 3, out: Path = Path("runs/ants-and-bees")) -> None:
    """Print test accuracy with its interval for each way and seed, then mean and deviation."""
    like = start_from(replace(LEARN, data=str(write_list(out))), START)
    ways = {
        "from scratch": replace(like, transfer=Transfer()),
        f"from {START}": replace(like, transfer=Transfer(START, freeze=5)),
    }
    for name, recipe in ways.items():
        scores = []
        for seed in range(seeds):
            own = replace(recipe, seed=seed)
            with training_bar(own) as on_progress:
                run = out / name.replace(" ", "-") / str(seed)
                report = train(own, run, device="cpu", overwrite=True, on_progress=on_progress)
            scores.append(100 * report.test.accuracy.value)
            print_line(f"{name}, seed {seed}: {report.test.accuracy}")
        spread = statistics.stdev(scores) if seeds > 1 else 0.0
        print(f"{name}: {statistics.mean(scores):.1f} % +- {spread:.1f}, {seeds} seeds")


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    typer.run(main)
