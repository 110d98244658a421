"""Commands of the workstation half: train, evaluate, export. They need the extra [train]."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgecnn.cli.options import AsFormat, Format, Provider, show, table
from edgecnn.cli.progress import say, spinner, training_bar

if TYPE_CHECKING:
    from edgecnn.trainer.metrics import Metrics
    from edgecnn.trainer.run_folder import TrainReport


def train(
    out: Annotated[Path, typer.Option(help="Folder for the run.")],
    recipe: Annotated[Path | None, typer.Option(help="A recipe (TOML) to start from.")] = None,
    data: Annotated[
        str | None, typer.Option(help="digits, mnist, fashion-mnist, kmnist, or a folder.")
    ] = None,
    network: Annotated[str | None, typer.Option(help="Name of the network.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of Adam.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and picture order.")] = None,
    train_size: Annotated[
        int | None, typer.Option(min=0, help="Training pictures; the rest validates.")
    ] = None,
    size: Annotated[int | None, typer.Option(min=0, help="Input height and width.")] = None,
    channels: Annotated[int | None, typer.Option(help="1: gray, 3: colour.")] = None,
    fit: Annotated[str | None, typer.Option(help="center-crop, stretch or letterbox.")] = None,
    kernel: Annotated[int | None, typer.Option(min=1, help="Of every convolution.")] = None,
    stride: Annotated[int | None, typer.Option(min=1, help="Of every convolution.")] = None,
    widths: Annotated[str | None, typer.Option(help="Channels, such as 32,64,64.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run.")] = False,
    form: AsFormat = Format.TEXT,
) -> None:
    """Train a network; numbers given here win over the recipe's."""
    from edgecnn.trainer.recipe import Recipe, read_recipe
    from edgecnn.trainer.train import train as train_recipe

    start = read_recipe(recipe) if recipe else Recipe()
    made = replace_given(
        start,
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
            start.network, name=network, kernel=kernel, stride=stride, widths=_widths(widths)
        ),
    )
    with training_bar(made) as watch:
        report = train_recipe(made, out, device=device, overwrite=overwrite, watch=watch)
    show(report, train_text(report, out), form)


def evaluate(
    model: Annotated[str, typer.Argument(help="A run's folder, a model file or shipped model.")],
    data: Annotated[str, typer.Option(help="Data set; by default the model's own.")] = "",
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    provider: Provider = "cpu",
    form: AsFormat = Format.TEXT,
) -> None:
    """Score a run through torch, or a model file through the runner, on a data set."""
    from edgecnn.trainer.evaluate import evaluate as evaluate_model

    report = evaluate_model(model, data=data, split=split, provider=provider)
    show(report, metrics_text(report), form)


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[Path, typer.Option(help="Folder for the model files.")],
    name: Annotated[str, typer.Option(help="The model's name.")] = "",
    max_drop: Annotated[
        float, typer.Option(min=0, help="Accuracy that int8 may lose, percentage points.")
    ] = 0.5,
    form: AsFormat = Format.TEXT,
) -> None:
    """Export a run as fp32 and int8 ONNX files, if int8 is as good."""
    from edgecnn.exporter.export import export as export_run
    from edgecnn.exporter.gate import Limits

    with spinner() as watch:
        report = export_run(run, out, name=name, limits=Limits(max_drop=max_drop), watch=watch)
    rows: list[tuple[str, object]] = [
        (path, f"{report.sizes_kib[kind]} KiB") for kind, path in report.files.items()
    ]
    rows += [(score.form, score) for score in report.accuracy]
    show(report, table([*rows, (f"gate {report.gate.verdict}", report.gate.reason)]), form)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("demo-out"),
    data: Annotated[
        str, typer.Option(help="mnist or digits; by default MNIST, or digits where it is not.")
    ] = "",
    form: AsFormat = Format.TEXT,
) -> None:
    """Train, export, classify a video and time int8 against fp32: the whole way, minutes."""
    from edgecnn.demo import run_demo

    report = run_demo(out, data, training=training_bar, say=say)
    rows: list[tuple[str, object]] = [
        ("data set", report.data),
        *((score.form, score) for score in report.accuracy),
        ("int8, video", report.video),
        *((f"latency {row.form}", row.latency) for row in report.bench.models),
        ("int8 / fp32", f"{report.bench.ratio[0]}, {report.bench.threads} thread"),
    ]
    show(report, table([*rows, *report.files.items()]), form)


def replace_given(record: Any, **values: object) -> Any:
    """Return the record with the values that are not None."""
    return replace(record, **{name: value for name, value in values.items() if value is not None})


def _fit(text: str | None) -> object:
    from edgecnn.errors import OptionError
    from edgecnn.spec import Fit

    try:
        return None if text is None else Fit(text)
    except ValueError:
        names = ", ".join(fit.value for fit in Fit)
        raise OptionError(f"--fit is {text!r}", remedy=f"use one of: {names}") from None


def _widths(text: str | None) -> tuple[int, ...] | None:
    from edgecnn.errors import OptionError

    try:
        return None if text is None else tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--widths is {text!r}", remedy="give numbers: 32,64,64") from None


def train_text(report: "TrainReport", out: Path) -> str:
    """Return a training report for people."""
    parts = ", ".join(f"{count} {part}" for part, count in report.pictures.items())
    unusable = f"{len(report.problems)} files, first: {' '.join(report.problems[:1])}"
    rows: list[tuple[str, object]] = [
        ("pictures", parts),
        *([("unusable", unusable)] if report.problems else []),
        ("parameters", f"{report.parameters:,}"),
        ("validation", f"{report.history[-1].validation_accuracy:.2%}"),
        ("test", report.test.accuracy),
        ("training", f"{report.seconds:.1f} s on {report.device}"),
    ]
    files = ("checkpoint.safetensors", "metrics.json", "history.png", "confusion.png")
    return table([*rows, *((name, out / name) for name in files)])


def metrics_text(metrics: "Metrics") -> str:
    """Return metrics for people: the accuracy, then one line a class."""
    width = max(len(row.label) for row in metrics.classes)
    head = f"{'class':<{max(width, 5)}}  precision  recall      f1  pictures"
    lines = [
        f"{row.label:<{max(width, 5)}}  {row.precision:9.2%} {row.recall:7.2%} {row.f1:7.2%}"
        f"  {row.pictures:8}"
        for row in metrics.classes
    ]
    return "\n".join([f"{metrics.accuracy.form}: {metrics.accuracy}", head, *lines])
