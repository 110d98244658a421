"""Rebuild a shipped model from its recipe: export/models/NAME.int8.onnx.

python export/make.py article-mnist
"""

import shutil
import tempfile
from pathlib import Path

import typer

from edgecnn import export, train
from edgecnn.cli.progress import say, training_bar
from edgecnn.trainer.recipe import read_recipe

HERE = Path(__file__).parent


def main(name: str) -> None:
    """Train by the recipe, export, keep the int8 file."""
    recipe = read_recipe(HERE / "recipes" / f"{name}.toml")
    with tempfile.TemporaryDirectory() as folder, training_bar(recipe) as watch:
        train(recipe, Path(folder) / "run", device="cpu", watch=watch)
        shipped = export(Path(folder) / "run", folder, name=name, watch=say)
        target = HERE / "models" / f"{name}.int8.onnx"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(shipped.files["int8"], target)
    say(f"{target}: {shipped.sizes_kib['int8']} KiB, gate {shipped.gate.verdict}")


if __name__ == "__main__":
    typer.run(main)
