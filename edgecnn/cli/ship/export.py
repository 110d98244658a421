"""`edgecnn export`: a run becomes model files. It needs the extra [train]."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.cli.progress import spinner
from edgecnn.cli.ship.gate_options import (
    Force,
    ForTarget,
    Keep,
    MaxDrop,
    MaxKib,
    MaxRatio,
    Ood,
    Precision,
    Strict,
    gate_options,
)
from edgecnn.exporter.quantization.targets import Target
from edgecnn.memory import keep_freed_memory

if TYPE_CHECKING:
    from edgecnn.exporter.ship import ExportReport


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[Path, typer.Option(help="Folder for the model files.")],
    name: Annotated[str, typer.Option(help="The model's name.")] = "",
    target: ForTarget = Target.PORTABLE,
    precision: Precision = "fp32,int8",
    max_drop: MaxDrop = 0.5,
    max_ratio: MaxRatio = 1.1,
    max_kib: MaxKib = 0,
    force: Force = False,
    strict: Strict = False,
    keep: Keep = 0.95,
    ood: Ood = None,
    form: AsFormat = Format.TEXT,
) -> None:
    """Export a run as ONNX files, if they are as accurate as fp32 and worth having."""
    from edgecnn.exporter.export import export as export_run

    keep_freed_memory()  # of a fine-tuning in int8
    options = gate_options(
        precision, target, max_drop, max_ratio, max_kib,
        force=force, strict=strict, keep=keep, ood=ood,
    )  # fmt: skip
    with spinner() as on_progress:
        report = export_run(run, out, name=name, options=options, on_progress=on_progress)
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
