"""`edgecnn export`: a run becomes model files. It needs the extra [train]."""

from pathlib import Path
from typing import Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.cli.progress import spinner


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
    from edgecnn.exporter.ship import Options

    with spinner() as watch:
        report = export_run(
            run, out, name=name, options=Options(limits=Limits(max_drop=max_drop)), watch=watch
        )
    rows: list[tuple[str, object]] = [
        (path, f"{report.sizes_kib[kind]} KiB") for kind, path in report.files.items()
    ]
    rows += [(score.form, score) for score in report.accuracy]
    show(report, table([*rows, (f"gate {report.gate.verdict}", report.gate.reason)]), form)
