"""`edgecnn train`: train a network. Needs the extra [train]."""

import math
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from edgecnn.cli.options import AsFormat, Format, option, show, table
from edgecnn.cli.progress import training_bar
from edgecnn.errors import OptionError
from edgecnn.memory import keep_freed_memory

if TYPE_CHECKING:
    from edgecnn.trainer.recipe import Recipe
    from edgecnn.trainer.run_folder import TrainReport
    from edgecnn.trainer.snapshot import Epoch

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
"""Seconds."""

_override = partial(option, default="the recipe's")


def train(
    out: Annotated[Path, option("Folder for the run.")],
    recipe: Annotated[
        Path | None, option("A recipe (TOML) to start from.", default="the tutorial's")
    ] = None,
    data: Annotated[
        str | None,
        _override("digits, mnist, fashion-mnist, kmnist, or the path of a folder or .csv list."),
    ] = None,
    network: Annotated[str | None, _override("Network: article, resnet8 or edge.")] = None,
    epochs: Annotated[int | None, _override("Passes over the training set.", min=1)] = None,
    batch: Annotated[int | None, _override("Pictures per step.", min=1)] = None,
    learning_rate: Annotated[float | None, _override("Highest learning rate.")] = None,
    seed: Annotated[
        int | None, _override("Seed of weights, order of pictures, augmentation.")
    ] = None,
    train_size: Annotated[
        int | None, _override("Training pictures; the rest is for validation. 0: 5/6.", min=0)
    ] = None,
    size: Annotated[int | None, _override("Input height and width, pixels.", min=0)] = None,
    channels: Annotated[int | None, _override("1: gray, 3: colour.")] = None,
    fit: Annotated[
        str | None, _override("How pictures are resized: center-crop, stretch, letterbox.")
    ] = None,
    kernel: Annotated[int | None, _override("Kernel size of convolutions.", min=1)] = None,
    stride: Annotated[int | None, _override("Stride of convolutions.", min=1)] = None,
    widths: Annotated[str | None, _override("Channels per layer, such as 32,64,64.")] = None,
    setting: Annotated[
        list[str] | None,
        _override("Any other value, such as augment.rotate=15; repeatable.", "--set"),
    ] = None,
    start: Annotated[
        str,
        option(
            "Start from the features of a run or shipped model.", "--from", default="random weights"
        ),
    ] = "",
    resume: Annotated[bool, option("Continue an interrupted run.", "--resume")] = False,
    time_budget: Annotated[
        str, option("End training after this time, such as 5m.", default="no limit")
    ] = "",
    strict: Annotated[bool, option("Fail if there are unusable files.", "--strict")] = False,
    device: Annotated[str, option("Where to train: auto, cpu, cuda or mps.")] = "auto",
    overwrite: Annotated[bool, option("Replace an existing run.", "--overwrite")] = False,
    form: AsFormat = Format.TEXT,
) -> None:
    """Train a network. Options override the values of the recipe.

    With several processes: torchrun --nproc-per-node 2 -m edgecnn train ...
    """
    from edgecnn.trainer.distributed import is_leader
    from edgecnn.trainer.recipe import change
    from edgecnn.trainer.train import train as train_recipe

    keep_freed_memory()
    base = _base_recipe(recipe, out if resume else None, start)
    final = change(
        replace_given(
            base,
            data=data,
            epochs=epochs,
            batch=batch,
            learning_rate=learning_rate,
            seed=seed,
            train_size=train_size,
            size=size,
            channels=channels,
            fit=_fit(fit),
            network=replace_given(
                base.network, name=network, kernel=kernel, stride=stride, widths=_widths(widths)
            ),
        ),
        setting or [],
    )
    with training_bar(final, shown=is_leader()) as on_progress:
        report = train_recipe(
            final,
            out,
            device=device,
            overwrite=overwrite,
            resume=resume,
            strict=strict,
            budget_seconds=_seconds(time_budget),
            on_progress=on_progress,
        )
    if is_leader():
        show(report, train_text(report, out), form)


def _base_recipe(path: Path | None, unfinished: Path | None, features: str) -> "Recipe":
    """Return the recipe that options override: of the file, the interrupted run or the tutorial."""
    from edgecnn.trainer.recipe import Recipe, read_recipe
    from edgecnn.trainer.train import find_snapshot
    from edgecnn.trainer.transfer import start_from

    if unfinished is not None and path is None:
        return find_snapshot(unfinished).recipe
    recipe = read_recipe(path) if path else Recipe()
    return start_from(recipe, features) if features else recipe


def replace_given(record: Any, **values: object) -> Any:
    """Return the record with the values that are not None."""
    return replace(record, **{name: value for name, value in values.items() if value is not None})


def _fit(text: str | None) -> object:
    from edgecnn.model.spec import Fit

    try:
        return None if text is None else Fit(text)
    except ValueError:
        names = ", ".join(fit.value for fit in Fit)
        raise OptionError(f"--fit is {text!r}", remedy=f"use one of: {names}") from None


def _widths(text: str | None) -> tuple[int, ...] | None:
    try:
        return None if text is None else tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--widths is {text!r}", remedy="give numbers: 32,64,64") from None


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text)
    if text and (not found or float(found[1]) == 0):
        raise OptionError(f"--time-budget is {text!r}", remedy="give a time: 90s, 5m or 1h")
    return float(found[1]) * UNITS[found[2]] if found else math.inf


def train_text(report: "TrainReport", out: Path) -> str:
    """Return a training report as text."""
    parts = ", ".join(f"{count} {part}" for part, count in report.pictures.items())
    unusable = f"{len(report.problems)} files, first: {' '.join(report.problems[:1])}"
    rows: list[tuple[str, object]] = [
        ("pictures", parts),
        *([("unusable", unusable)] if report.problems else []),
        ("parameters", f"{report.parameters:,}"),
        ("validation", f"{_kept_epoch(report).validation_accuracy:.2%}"),
        ("test", report.test.accuracy),
        ("training", f"{report.seconds:.1f} s on {report.device}, {report.ended}"),
    ]
    rows += [("warning", text) for text in report.warnings]
    files = ("report.html", "checkpoint.safetensors", "metrics.json")
    return table([*rows, *((name, out / name) for name in files)])


def _kept_epoch(report: "TrainReport") -> "Epoch":
    """Return the epoch whose weights were kept: with early stopping the best, else the last."""
    if report.recipe.patience:
        return max(report.history, key=lambda epoch: epoch.validation_accuracy)
    return report.history[-1]
