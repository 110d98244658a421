"""Test accuracy of a shipped model's recipe over seeds: torch, fp32 and int8.

    python tests/benchmarks/seeds.py NAME [--seeds 3] [--device cpu] [--out runs/seeds]

Trains and exports the recipe once a seed; what an earlier call has finished stays. The test set
chooses nothing: it is read once a run, after the last epoch.
"""

import json
import statistics
from dataclasses import replace
from pathlib import Path

import typer

from edgecnn.cli.progress import print_line, training_bar
from edgecnn.exporter.export import export
from edgecnn.exporter.options import Options
from edgecnn.exporter.ship import ExportReport
from edgecnn.memory import keep_freed_memory
from edgecnn.model.form import Form
from edgecnn.trainer.checkpoint import CHECKPOINT
from edgecnn.trainer.recipe import Recipe, read_recipe
from edgecnn.trainer.train import train

RECIPES = Path(__file__).parents[2] / "export" / "recipes"


def one_seed(name: str, recipe: Recipe, out: Path, device: str) -> ExportReport:
    """Train one seed, unless that is done, and export it."""
    if not (out / "run" / CHECKPOINT).exists():
        with training_bar(recipe) as on_progress:
            train(recipe, out / "run", device=device, overwrite=True, on_progress=on_progress)
    return export(out / "run", out, name=name, options=Options(force=True))


def main(name: str, seeds: int = 3, out: Path = Path("runs/seeds"), device: str = "cpu") -> None:
    """Print a line a seed, then mean and standard deviation."""
    recipe = read_recipe(RECIPES / f"{name}.toml")
    scores: dict[str, list[float]] = {}
    for seed in range(seeds):
        report = one_seed(name, replace(recipe, seed=seed), out / name / str(seed), device)
        for accuracy in report.accuracy:
            scores.setdefault(accuracy.form, []).append(100 * accuracy.value)
        latest = ", ".join(f"{form} {row[-1]:.2f} %" for form, row in scores.items())
        print_line(f"seed {seed}: {latest}; {report.sizes_kib[Form.INT8]} KiB")
    for form, row in scores.items():
        spread = statistics.stdev(row) if len(row) > 1 else 0.0
        print(f"{form:<6} {statistics.mean(row):.3f} % +- {spread:.3f}, {len(row)} seeds")
    (out / name / "accuracy.json").write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    typer.run(main)
