"""How the command ends."""

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from edgecnn.cli.options import show_text
from edgecnn.cli.sinks import RunFormat
from edgecnn.errors import DeviceError

if TYPE_CHECKING:
    from edgecnn.runner.supervise import Outcome
    from edgecnn.runner.tally import RunReport

EXIT_INTERNAL, EXIT_INTERRUPTED = 70, 130


def end_now(code: int) -> NoReturn:
    """End the process although a thread still works: nothing can stop a hung inference."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def conclude(outcome: "Outcome[RunReport]", form: RunFormat) -> None:
    """Print the summary, and end with the code that tells how it went."""
    report, stopped_by = outcome.value, outcome.signal
    code = EXIT_INTERRUPTED if stopped_by in (None, signal.SIGINT) else 0
    if report is None:
        by = stopped_by.name if stopped_by else "a key"
        show_text(f"edgecnn: stopped by {by}; not all could be finished", err=True)
        end_now(code)
    if form is RunFormat.JSON:
        typer.echo(report.to_json(indent=1))
    show_text(str(report), err=True)
    failed = {name: told.failure for name, told in report.sinks.items() if told.failure}
    if failed and not report.interrupted:
        reasons = "; ".join(f"{name}: {failure}" for name, failure in failed.items())
        raise DeviceError(
            f"not everything was delivered: {reasons}",
            remedy="look at where it goes; all else went on to its end",
        )
    if report.interrupted:
        raise SystemExit(code)
