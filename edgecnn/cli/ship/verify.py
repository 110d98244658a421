"""`edgecnn verify`: check a model file. Needs the extra [train]."""

from pathlib import Path
from typing import Annotated

from edgecnn.cli.options import AsFormat, Format, Model, option, show, table
from edgecnn.cli.progress import spinner
from edgecnn.errors import CheckFailed


def verify(
    model: Model,
    data: Annotated[
        str, option("A data set of its classes: checks accuracy, order of labels.", default="none")
    ] = "",
    against: Annotated[
        Path | None, option("The run it was exported from: compares spec, labels.", default="none")
    ] = None,
    form: AsFormat = Format.TEXT,
) -> None:
    """Check that a model file is intact and works as measured; report each problem."""
    from edgecnn.exporter.verify.verify import verify as verify_file

    with spinner() as on_progress:
        report = verify_file(model, data=data, against=against or "", on_progress=on_progress)
    rows = [(row.name, f"{row.result:<7}  {row.reason}") for row in report.checks]
    show(report, table([*rows]), form)
    if report.failures:
        reasons = "; ".join(f"{row.name}: {row.reason}" for row in report.failures)
        raise CheckFailed(
            f"{report.path} failed its checks: {reasons}",
            remedy="export the model again, or copy the original file again",
        )
