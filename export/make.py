"""Rebuild a shipped model from its recipe: export/models/NAME.int8.onnx, and its checkpoint.

    python export/make.py article-mnist
    python export/make.py objects-large objects objects-small     # the first teaches the others

`digits-camera` first draws its pictures into the cache, about 10 minutes on 2 cores.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import typer
from platformdirs import user_cache_path

from edgecnn import Options, export, train
from edgecnn.cli.progress import say, training_bar
from edgecnn.trainer.recipe import read_recipe
from edgecnn.trainer.run_folder import read_run

HERE = Path(__file__).parent
STARTS = ("objects-large", "objects")
"""Models whose checkpoints ship too: teachers, and features for pictures of one's own."""
FOREIGN = {"mnist": ("cifar10",), "cifar10": ("mnist",), "digits-camera": ("cifar10",)}
"""By the data set of a model: pictures of none of its classes, to be seen how many are known."""
DRAWN = "digits-camera"


def main(names: list[str]) -> None:
    """Train by each recipe, export, keep the int8 file."""
    for name in names:
        if name == DRAWN:
            draw()
        with tempfile.TemporaryDirectory() as folder:
            make(name, Path(folder))


def make(name: str, folder: Path) -> None:
    """Make one model in a folder and put what ships in its place."""
    recipe = read_recipe(HERE / "recipes" / f"{name}.toml")
    with training_bar(recipe) as watch:
        train(recipe, folder / "run", device="cpu", watch=watch)
    ship(name, folder / "run", folder)


def ship(name: str, run: Path, folder: Path) -> None:
    """Export a run and put what ships in its place."""
    foreign = FOREIGN.get(read_run(run).recipe.data, ())
    shipped = export(run, folder, name=name, options=Options(foreign=foreign), watch=say)
    keep(Path(shipped.files["int8"]), HERE / "models" / f"{name}.int8.onnx")
    if name in STARTS:
        keep(run / "checkpoint.safetensors", HERE / "checkpoints" / f"{name}.safetensors")
    say(f"{name}: {shipped.sizes_kib['int8']} KiB, gate {shipped.gates[0].verdict}")


def keep(file: Path, target: Path) -> None:
    """Copy a file to where it ships from."""
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(file, target)


def draw() -> None:
    """Draw the camera frames that are learned from, unless they are there."""
    from edgecnn.trainer.catalog import locate

    target = user_cache_path("edgecnn") / DRAWN
    if not target.is_dir():
        script = HERE.parent / "tests" / "camera_digits.py"
        arguments = ("--digits", locate("mnist"), "--side", "32", "--copies", "3", "--seed", "0")
        subprocess.run([sys.executable, script, target, *arguments], check=True)


if __name__ == "__main__":
    typer.run(main)
