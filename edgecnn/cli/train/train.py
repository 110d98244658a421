"""`edgecnn train`. It needs the extra [train]."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.cli.progress import training_bar
from edgecnn.errors import OptionError
from edgecnn.memory import keep_freed_memory

if TYPE_CHECKING:
    from edgecnn.trainer.recipe import Recipe
    from edgecnn.trainer.run_folder import TrainReport
    from edgecnn.trainer.snapshot import Epoch

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
"""Seconds."""


def train(
    out: Annotated[Path, typer.Option(help="Folder for the run.")],
    recipe: Annotated[Path | None, typer.Option(help="A recipe (TOML) to start from.")] = None,
    data: Annotated[
        str | None,
        typer.Option(help="digits, mnist, fashion-mnist, kmnist, a folder or a .csv list."),
    ] = None,
    network: Annotated[str | None, typer.Option(help="article, resnet8 or edge.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest of the run.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order, augmentation.")] = None,
    train_size: Annotated[
        int | None, typer.Option(min=0, help="Training pictures; the rest validates.")
    ] = None,
    size: Annotated[int | None, typer.Option(min=0, help="Input height and width.")] = None,
    channels: Annotated[int | None, typer.Option(help="1: gray, 3: colour.")] = None,
    fit: Annotated[str | None, typer.Option(help="center-crop, stretch or letterbox.")] = None,
    kernel: Annotated[int | None, typer.Option(min=1, help="Of every convolution.")] = None,
    stride: Annotated[int | None, typer.Option(min=1, help="Of every convolution.")] = None,
    widths: Annotated[str | None, typer.Option(help="Channels, such as 32,64,64.")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any number of the recipe, such as augment.rotate=15."),
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="A run or shipped model whose features to start from.")
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    time_budget: Annotated[str, typer.Option(help="Such as 5m: end training after it.")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Refuse unusable files.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run.")] = False,
    form: AsFormat = Format.TEXT,
) -> None:
    """Train a network; numbers given here win over the recipe's.

    With several processes: torchrun --nproc-per-node 2 -m edgecnn train ...
    """
    from edgecnn.trainer.distributed import is_leader
    from edgecnn.trainer.recipe import change
    from edgecnn.trainer.train import train as train_recipe

    keep_freed_memory()
    first = _start(recipe, out if resume else None, start)
    made = change(
        replace_given(
            first,
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
                first.network, name=network, kernel=kernel, stride=stride, widths=_widths(widths)
            ),
        ),
        setting or [],
    )
    with training_bar(made, shown=is_leader()) as on_progress:
        report = train_recipe(
            made,
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


def _start(path: Path | None, unfinished: Path | None, features: str) -> "Recipe":
    """Return the recipe that options change: the file's, the stopped run's, the tutorial's."""
    from edgecnn.trainer.recipe import Recipe, read_recipe
    from edgecnn.trainer.train import recipe_of_unfinished
    from edgecnn.trainer.transfer import start_from

    if unfinished is not None and path is None:
        return recipe_of_unfinished(unfinished)
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
    """Return a training report for people."""
    parts = ", ".join(f"{count} {part}" for part, count in report.pictures.items())
    unusable = f"{len(report.problems)} files, first: {' '.join(report.problems[:1])}"
    rows: list[tuple[str, object]] = [
        ("pictures", parts),
        *([("unusable", unusable)] if report.problems else []),
        ("parameters", f"{report.parameters:,}"),
        ("validation", f"{_kept(report).validation_accuracy:.2%}"),
        ("test", report.test.accuracy),
        ("training", f"{report.seconds:.1f} s on {report.device}, {report.ended}"),
    ]
    rows += [("mind", text) for text in report.warnings]
    files = ("report.html", "checkpoint.safetensors", "metrics.json")
    return table([*rows, *((name, out / name) for name in files)])


def _kept(report: "TrainReport") -> "Epoch":
    """Return the epoch whose weights were kept: with patience the best, else the last."""
    if report.recipe.patience:
        return max(report.history, key=lambda epoch: epoch.validation_accuracy)
    return report.history[-1]
