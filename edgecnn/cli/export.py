"""`edgecnn export`: a run becomes model files. It needs the extra [train]."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.cli.progress import spinner
from edgecnn.exporter.targets import Target

if TYPE_CHECKING:
    from edgecnn.exporter.ship import ExportReport


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[Path, typer.Option(help="Folder for the model files.")],
    name: Annotated[str, typer.Option(help="The model's name.")] = "",
    target: Annotated[
        Target,
        typer.Option(help="portable: the same labels on every CPU; auto: for CPUs like this one."),
    ] = Target.PORTABLE,
    precision: Annotated[
        str, typer.Option(help="Forms to write, of fp32,int8,fp16; auto: the one that wins.")
    ] = "fp32,int8",
    max_drop: Annotated[
        float, typer.Option(min=0, help="Accuracy that a form may lose, percentage points.")
    ] = 0.5,
    max_ratio: Annotated[
        float, typer.Option(min=0, help="Time over fp32's; above 1.0 for files 2x smaller only.")
    ] = 1.1,
    max_kib: Annotated[
        float, typer.Option(min=0, help="Size that the file may have, KiB; 0: any.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Write what the gate refuses, marked so.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what the gate cannot tell.")
    ] = False,
    keep: Annotated[
        float, typer.Option(min=0, max=1, help="Share of right answers that shall stay known.")
    ] = 0.95,
    foreign: Annotated[
        list[str] | None,
        typer.Option(help="A data set without the model's classes: how much of it is known?"),
    ] = None,
    form: AsFormat = Format.TEXT,
) -> None:
    """Export a run as ONNX files, if they are as accurate as fp32 and worth having."""
    from edgecnn.exporter.export import export as export_run
    from edgecnn.exporter.gate import Limits
    from edgecnn.exporter.options import Options

    options = Options(
        forms=tuple(precision.split(",")),
        target=target,
        limits=Limits(max_drop=max_drop, max_ratio=max_ratio, max_kib=max_kib),
        force=force,
        strict=strict,
        keep=keep,
        foreign=tuple(foreign or ()),
    )
    with spinner() as watch:
        report = export_run(run, out, name=name, options=options, watch=watch)
    show(report, export_text(report), form)


def export_text(report: "ExportReport") -> str:
    """Return an export report for people."""
    rows: list[tuple[str, object]] = [
        (path, f"{report.sizes_kib[kind]} KiB") for kind, path in report.files.items()
    ]
    rows += [(score.form, score) for score in report.accuracy]
    rows += [(f"{gate.form} {gate.verdict}", gate.reason) for gate in report.gates]
    last = list(report.files)[-1]
    rows += [(f"{last} knows, {row.pictures}", row) for row in report.rejection[last].known]
    return table([*rows, *report.reports.items()])
