"""`edgecnn verify`: check a model file.

With the extra [train] it checks all; without, what a device can check.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from edgecnn.cli.options import AsFormat, Format, Model, option, show, table
from edgecnn.cli.progress import spinner
from edgecnn.errors import CheckFailed, OptionError
from edgecnn.text import pip_line

if TYPE_CHECKING:
    from edgecnn.inference.file_checks import VerifyReport


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
    """Check that a model file is intact and works as measured; report each problem.

    Without torch and onnx: digest, contract, fit rule, golden frames, and --data an image folder.
    """
    with spinner() as on_progress:
        report = _verified(model, data, against, on_progress)
    rows = [(row.name, f"{row.result:<7}  {row.reason}") for row in report.checks]
    show(report, table([*rows]), form)
    if report.failures:
        reasons = "; ".join(f"{row.name}: {row.reason}" for row in report.failures)
        raise CheckFailed(
            f"{report.path} failed its checks: {reasons}",
            remedy="export the model again, or copy the original file again",
        )


def _verified(
    model: str, data: str, against: Path | None, on_progress: Callable[[str], None]
) -> "VerifyReport":
    from edgecnn.inference.file_checks import check_opening

    refused = check_opening(model)
    if refused:
        return refused
    if all(map(find_spec, ("torch", "onnx", "sklearn"))):
        from edgecnn.exporter.verify.verify import verify as verify_file

        return verify_file(model, data=data, against=against or "", on_progress=on_progress)
    from edgecnn.runner.verify import verify_on_device

    if against:
        raise OptionError(
            "--against compares with a run, which needs torch and onnx", remedy=pip_line("train")
        )
    return verify_on_device(model, data, on_progress)
