"""`edgecnn data inspect`: check a data set. Needs the extra [train]."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, option, show, table
from edgecnn.model.spec import Fit

if TYPE_CHECKING:
    from edgecnn.data.inspection import DataReport, Spread

MAX_CLASSES = 30
"""How many classes the table lists."""

app = typer.Typer(help="Check data sets.", no_args_is_help=True)


@app.callback()
def data() -> None:
    """Check data sets."""


@app.command()
def inspect(
    data: Annotated[
        str,
        typer.Argument(
            help="digits, mnist, fashion-mnist, kmnist, or the path of a folder or .csv list."
        ),
    ],
    size: Annotated[int, option("Input height and width, pixels. 0: the data set's.", min=0)] = 0,
    channels: Annotated[int, option("1: gray, 3: colour. 0: the data set's.")] = 0,
    fit: Annotated[Fit, option("How pictures are resized.")] = Fit.CROP,
    out: Annotated[Path, option("Folder for the contact sheet.")] = Path("data-report"),
    strict: Annotated[bool, option("Fail if there are unusable files.", "--strict")] = False,
    form: AsFormat = Format.TEXT,
) -> None:
    """Show the contents of a data set, and problems that would hurt a model."""
    from edgecnn.data.catalog import InputOptions
    from edgecnn.data.inspection import inspect_data

    report = inspect_data(data, InputOptions(size, channels, fit), out, strict=strict)
    show(report, report_text(report), form)


def report_text(report: "DataReport") -> str:
    """Return a data report as text: classes, facts, warnings."""
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
