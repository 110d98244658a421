"""`edgecnn export`: a run becomes model files. Needs the extra [train]."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, option, show, table
from edgecnn.cli.progress import spinner
from edgecnn.cli.ship import gate_options
from edgecnn.exporter.quantization.targets import Target
from edgecnn.memory import keep_freed_memory

if TYPE_CHECKING:
    from edgecnn.exporter.ship import ExportReport


def export(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    out: Annotated[Path, option("Folder for the model files.")],
    name: Annotated[str, option("The model's name.", default="network-data set")] = "",
    target: gate_options.ForTarget = Target.PORTABLE,
    precision: gate_options.Precision = "fp32,int8",
    max_drop: gate_options.MaxDrop = 0.5,
    max_ratio: gate_options.MaxRatio = 1.1,
    max_kib: gate_options.MaxKib = 0,
    force: gate_options.Force = False,
    strict: gate_options.Strict = False,
    keep: gate_options.Keep = 0.95,
    ood: gate_options.Ood = None,
    form: AsFormat = Format.TEXT,
) -> None:
    """Export a run as ONNX model files, if they pass the gate: accuracy, latency and size."""
    from edgecnn.exporter.export import export as export_run

    keep_freed_memory()  # for the fine-tuning of int8
    options = gate_options.export_options(
        precision, target, max_drop, max_ratio, max_kib,
        force=force, strict=strict, keep=keep, ood=ood,
    )  # fmt: skip
    with spinner() as on_progress:
        report = export_run(run, out, name=name, options=options, on_progress=on_progress)
    show(report, export_text(report), form)


def export_text(report: "ExportReport") -> str:
    """Return an export report as text."""
    rows: list[tuple[str, object]] = [
        (path, f"{report.sizes_kib[kind]} KiB") for kind, path in report.files.items()
    ]
    rows += [(score.form, score) for score in report.accuracy]
    rows += [(f"{gate.form} {gate.verdict}", gate.reason) for gate in report.gates]
    last = list(report.files)[-1]
    rows += [(f"{last} knows, {row.pictures}", row) for row in report.rejection[last].known]
    return table([*rows, *report.reports.items()])
