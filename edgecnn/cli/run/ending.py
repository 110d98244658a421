"""How `edgecnn run` ends: its summary, and the exit code."""

import signal
from typing import TYPE_CHECKING

import typer

from edgecnn.cli.exit import EXIT_INTERRUPTED, end_now
from edgecnn.cli.options import show_text
from edgecnn.cli.run.sink_options import RunFormat
from edgecnn.errors import DeviceError

if TYPE_CHECKING:
    from edgecnn.runner.statistics import RunReport
    from edgecnn.runner.supervise import Outcome


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
