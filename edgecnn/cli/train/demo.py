"""`edgecnn demo`: the whole way in one command. It needs the extra [train]."""

from pathlib import Path
from typing import Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.cli.progress import say, training_bar
from edgecnn.memory import keep_freed_memory


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("demo-out"),
    data: Annotated[
        str, typer.Option(help="mnist or digits; by default MNIST, or digits where it is not.")
    ] = "",
    form: AsFormat = Format.TEXT,
) -> None:
    """Train, export, classify a video and time int8 against fp32: the whole way, minutes."""
    from edgecnn.demo.demo import run_demo

    keep_freed_memory()
    report = run_demo(out, data, training=training_bar, say=say)
    rows: list[tuple[str, object]] = [
        ("data set", report.data),
        *((score.form, score) for score in report.accuracy),
        ("int8, video", report.video),
        *((f"latency {row.form}", row.latency) for row in report.bench.models),
        ("int8 / fp32", f"{report.bench.ratio}, {report.bench.threads} thread"),
    ]
    show(report, table([*rows, *report.files.items()]), form)
