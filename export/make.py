"""Rebuild shipped models from their recipes: export/models/NAME.int8.onnx, and checkpoints.

    python export/make.py article-mnist
    python export/make.py objects-teacher objects     # the teacher ships as a checkpoint only
    python export/make.py objects --run runs/objects  # export an existing run of that recipe

For `digits-camera`, the training pictures are drawn into the cache first: 10 minutes on 2 cores.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import typer
from platformdirs import user_cache_path

from edgecnn import Options, export, train
from edgecnn.cli.progress import print_line, training_bar
from edgecnn.memory import keep_freed_memory
from edgecnn.model.form import Form
from edgecnn.trainer.recipe import Recipe, read_recipe
from edgecnn.trainer.run_folder import read_run

HERE = Path(__file__).parent
TEACHER = "objects-teacher"
PROBE = "probe"
"""A test model for providers that do not run int8; it ships in fp32."""
STARTS = (TEACHER, "objects-large", "objects")
"""Models that ship as checkpoints too: the teacher, and starts for transfer learning."""
OOD = {"mnist": ("cifar10",), "cifar10": ("mnist",), "digits-camera": ("cifar10",)}
"""Out-of-distribution data by the data set of a model, to measure how much of it is rejected."""
DRAWN = "digits-camera"


def main(
    names: list[str], device: str = "auto", run: Path | None = None, force: bool = False
) -> None:
    """Train each recipe, or take an existing run; export it and copy what ships.

    With `--force`, a model is also kept if the gate finds it too slow on this machine.
    """
    for name in names:
        recipe = read_recipe(HERE / "recipes" / f"{name}.toml")
        with tempfile.TemporaryDirectory() as folder:
            made = run or make(name, recipe, Path(folder) / "run", device)
            if read_run(made).recipe != recipe:
                raise typer.BadParameter(f"{made} was made by another recipe than {name}")
            ship(name, made, Path(folder), force=force)


def make(name: str, recipe: Recipe, run: Path, device: str) -> Path:
    """Train by a recipe."""
    if name == DRAWN:
        draw()
    with training_bar(recipe) as on_progress:
        train(recipe, run, device=device, on_progress=on_progress)
    return run


def ship(name: str, run: Path, folder: Path, *, force: bool) -> None:
    """Export a run and copy what ships to its folder."""
    if name in STARTS:
        keep(run / "checkpoint.safetensors", HERE / "checkpoints" / f"{name}.safetensors")
    if name == TEACHER:
        return
    forms = (Form.FP32,) if name == PROBE else (Form.FP32, Form.INT8)
    ood = OOD.get(read_run(run).recipe.data, ())
    options = Options(forms=forms, ood=ood, force=force)
    shipped = export(run, folder, name=name, options=options, on_progress=print_line)
    form = forms[-1]
    keep(Path(shipped.files[form]), HERE / "models" / f"{name}.{form}.onnx")
    for gate in shipped.gates:
        print_line(f"{name}: {shipped.sizes_kib[form]} KiB, gate {gate.verdict}: {gate.reason}")


def keep(file: Path, target: Path) -> None:
    """Copy a file to the folder that it ships from."""
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(file, target)


def draw() -> None:
    """Draw the training frames of `digits-camera`, unless they exist."""
    from edgecnn.data.catalog import locate

    target = user_cache_path("edgecnn") / DRAWN
    if not target.is_dir():
        script = HERE.parent / "tests" / "camera_digits.py"
        arguments = ("--digits", locate("mnist"), "--side", "32", "--copies", "3", "--seed", "0")
        subprocess.run([sys.executable, script, target, *arguments], check=True)


if __name__ == "__main__":
    keep_freed_memory()  # as `edgecnn train` does
    typer.run(main)
