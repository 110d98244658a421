"""`edgecnn demo`: from data set to benchmark in one command. Needs the extra [train]."""

from pathlib import Path
from typing import Annotated

from edgecnn.cli.options import AsFormat, Format, option, show, table
from edgecnn.cli.progress import print_line, training_bar
from edgecnn.memory import keep_freed_memory


def demo(
    out: Annotated[Path, option("Folder for all outputs.")] = Path("demo-out"),
    data: Annotated[str, option("mnist or digits.", default="mnist, or digits without it")] = "",
    form: AsFormat = Format.TEXT,
) -> None:
    """Train, export, classify a video, and time int8 against fp32; takes some minutes."""
    from edgecnn.demo.demo import run_demo

    keep_freed_memory()
    report = run_demo(out, data, training=training_bar, on_progress=print_line)
    rows: list[tuple[str, object]] = [
        ("data set", report.data),
        *((score.form, score) for score in report.accuracy),
        ("int8, video", report.video),
        *((f"latency {row.form}", row.latency) for row in report.bench.models),
        ("int8 / fp32", f"{report.bench.ratio}, {report.bench.threads} thread"),
    ]
    show(report, table([*rows, *report.files.items()]), form)
