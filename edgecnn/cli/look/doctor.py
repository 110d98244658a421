"""`edgecnn doctor`: is this machine fit. It needs neither torch nor onnx."""

from typing import Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, show, table
from edgecnn.cli.progress import spinner
from edgecnn.errors import CheckFailed


def doctor(
    source: Annotated[
        str, typer.Option(help="Take a frame of this source too: what `run --source` takes.")
    ] = "",
    form: AsFormat = Format.TEXT,
) -> None:
    """Check the whole machine: each line is OK, WARN or FAIL, with what to do."""
    from edgecnn.doctor.examine import examine, finding_rows

    with spinner() as on_progress:
        report = examine(source, on_progress=on_progress)
    show(report, table(finding_rows(report)), form)
    if report.failures:
        names = ", ".join(finding.name for finding in report.failures)
        raise CheckFailed(f"this machine is not ready: {names}", remedy="see the lines above")
