"""`edgecnn verify`: does a model file still do what was learned. It needs the extra [train]."""

from pathlib import Path
from typing import Annotated

import typer

from edgecnn.cli.options import AsFormat, Format, Model, show, table
from edgecnn.cli.progress import spinner
from edgecnn.errors import CheckFailed


def verify(
    model: Model,
    data: Annotated[
        str, typer.Option(help="A data set with the model's classes: accuracy, order of labels.")
    ] = "",
    against: Annotated[
        Path | None, typer.Option(help="The run it was exported from: spec, label agreement.")
    ] = None,
    form: AsFormat = Format.TEXT,
) -> None:
    """Check a model file, and name what is wrong with it."""
    from edgecnn.exporter.verify.verify import verify as verify_file

    with spinner() as on_progress:
        report = verify_file(model, data=data, against=against or "", on_progress=on_progress)
    rows = [(row.name, f"{row.result:<7}  {row.reason}") for row in report.checks]
    show(report, table([*rows]), form)
    if report.failures:
        reasons = "; ".join(f"{row.name}: {row.reason}" for row in report.failures)
        raise CheckFailed(
            f"{report.path} is not what it should be: {reasons}",
            remedy="export the model again, or take the file from where it was made",
        )
