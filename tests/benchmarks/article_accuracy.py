"""Test accuracy of the tutorial's CNN on MNIST over seeds: torch, fp32 and int8.

    python tests/benchmarks/article_accuracy.py [--seeds 5] [--out runs/seeds]

Trains and exports the recipe `article-mnist` once a seed, 1 to 2 minutes each on 2 cores. The test
set chooses nothing: it is read once a run, after the last epoch.
"""

import json
import statistics
from dataclasses import replace
from pathlib import Path

import typer

from edgecnn.cli.progress import say, training_bar
from edgecnn.exporter.export import ExportReport, export
from edgecnn.trainer.recipe import Recipe, read_recipe
from edgecnn.trainer.train import train

RECIPE = Path(__file__).parents[2] / "export" / "recipes" / "article-mnist.toml"


def one_seed(recipe: Recipe, out: Path) -> ExportReport:
    """Train and export one seed."""
    with training_bar(recipe) as watch:
        train(recipe, out / "run", overwrite=True, watch=watch)
    return export(out / "run", out)


def main(seeds: int = 5, out: Path = Path("runs/seeds")) -> None:
    """Print a line a seed, then mean and standard deviation."""
    recipe = read_recipe(RECIPE)
    scores: dict[str, list[float]] = {}
    for seed in range(seeds):
        report = one_seed(replace(recipe, seed=seed), out / str(seed))
        for accuracy in report.accuracy:
            scores.setdefault(accuracy.form, []).append(100 * accuracy.value)
        say(f"seed {seed}: " + ", ".join(f"{form} {row[-1]:.2f} %" for form, row in scores.items()))
    for form, row in scores.items():
        spread = statistics.stdev(row) if len(row) > 1 else 0.0
        print(f"{form:<6} {statistics.mean(row):.3f} % +- {spread:.3f}, {len(row)} seeds")
    (out / "accuracy.json").write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    typer.run(main)
