"""`edgecnn doctor`: check this machine. Needs neither torch nor onnx."""

from typing import Annotated

from edgecnn.cli.options import AsFormat, Format, option, show, table
from edgecnn.cli.progress import spinner
from edgecnn.errors import CheckFailed


def doctor(
    source: Annotated[str, option("Also read a frame of this source.", default="none")] = "",
    form: AsFormat = Format.TEXT,
) -> None:
    """Check this machine. Each line is OK, WARN or FAIL, with what to do about it."""
    from edgecnn.doctor.examine import examine, finding_rows

    with spinner() as on_progress:
        report = examine(source, on_progress=on_progress)
    show(report, table(finding_rows(report)), form)
    if report.failures:
        names = ", ".join(finding.name for finding in report.failures)
        raise CheckFailed(f"this machine is not ready: {names}", remedy="see the lines above")
