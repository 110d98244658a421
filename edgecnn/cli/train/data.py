"""Commands on data sets: `data inspect`. They need the extra [train]."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.model.spec import Fit

if TYPE_CHECKING:
    from edgecnn.data.inspection import DataReport, Spread

MAX_CLASSES = 30

app = typer.Typer(help="Look at data sets.", no_args_is_help=True)


@app.callback()
def data() -> None:
    """Look at data sets."""


@app.command()
def inspect(
    data: Annotated[
        str, typer.Argument(help="digits, mnist, fashion-mnist, kmnist, a folder or a .csv list.")
    ],
    size: Annotated[int, typer.Option(min=0, help="Input height and width.")] = 0,
    channels: Annotated[int, typer.Option(help="1: gray, 3: colour.")] = 0,
    fit: Annotated[Fit, typer.Option(help="How pictures are brought to size.")] = Fit.CROP,
    out: Annotated[Path, typer.Option(help="Folder for the contact sheet.")] = Path("data-report"),
    strict: Annotated[bool, typer.Option("--strict", help="Refuse unusable files.")] = False,
    form: AsFormat = Format.TEXT,
) -> None:
    """Show what a data set holds, and what of it will hurt a model."""
    from edgecnn.data.catalog import InputOptions
    from edgecnn.data.inspection import inspect_data

    report = inspect_data(data, InputOptions(size, channels, fit), out, strict=strict)
    show(report, report_text(report), form)


def report_text(report: "DataReport") -> str:
    """Return a data report for people: classes, then facts, then what to mind."""
    return "\n".join(
        [
            _class_table(report),
            "",
            table(_facts(report)),
            *(f"! {text}" for text in report.warnings),
        ]
    )


def _class_table(report: "DataReport") -> str:
    shown = report.classes[:MAX_CLASSES]
    width = max(len("class"), *(len(row.label) for row in shown))
    lines = [f"{'class':<{width}}    train  validation     test"]
    lines += [
        f"{row.label:<{width}} {row.train:8} {row.validation:11} {row.test:8}" for row in shown
    ]
    left_out = len(report.classes) - len(shown)
    return "\n".join(lines + ([f"and {left_out} more classes"] if left_out else []))


def _facts(report: "DataReport") -> list[tuple[str, object]]:
    shapes, spec, leaks = report.shapes, report.input, report.leaks
    kind = "gray" if spec.channels == 1 else "BGR"
    totals = ", ".join(
        f"{sum(getattr(row, part) for row in report.classes)} {part}"
        for part in ("train", "validation", "test")
    )
    unusable = f"{len(report.problems)} files, first {' '.join(report.problems[:1])}"
    orientation = f"{shapes.lying} lying, {shapes.upright} upright, {shapes.square} square"
    return [
        ("pictures", totals),
        ("width", f"{_spread(shapes.width)} pixels"),
        ("height", f"{_spread(shapes.height)} pixels"),
        ("width / height", f"{_spread(shapes.aspect)}; {orientation}"),
        ("input", f"{spec.width}x{spec.height} {kind}, {spec.fit.value}"),
        ("unusable", unusable if report.problems else "no files"),
        ("leaks", f"{leaks.exact} exact, {leaks.near} near"),
        *((f"  {leak.part}", f"{leak.picture} ~ {leak.train_picture}") for leak in leaks.pairs[:3]),
        ("contact sheet", report.sheet),
    ]


def _spread(spread: "Spread") -> str:
    return f"min {spread.low:g}, median {spread.median:g}, max {spread.high:g}"
