"""How `edgecnn run` answers signals, and how it ends: its summary, and the exit code."""

import signal
from typing import TYPE_CHECKING

import typer

from edgecnn.cli.exit import EXIT_INTERRUPTED, end_now
from edgecnn.cli.options import show_text
from edgecnn.cli.run.sink_options import RunFormat
from edgecnn.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecnn.inference.classifier import Classifier
    from edgecnn.runner.statistics import RunReport
    from edgecnn.runner.supervise import Outcome


def open_supervised(opened: "Callable[[], Classifier]") -> "Classifier":
    """Open a classifier in a thread, so that a signal ends the process while a model is loaded."""
    from edgecnn.runner.supervise import Supervision, supervise

    outcome = supervise(opened, Supervision(grace_s=0.0))
    if outcome.value is None or outcome.signal:
        by = outcome.signal.name if outcome.signal else "a key"
        show_text(f"edgecnn: stopped by {by} while the model was opened", err=True)
        end_now(_code_of(outcome.signal))
    return outcome.value


def conclude(outcome: "Outcome[RunReport]", form: RunFormat) -> None:
    """Print the summary, and end with the code that tells how it went."""
    report, stopped_by = outcome.value, outcome.signal
    code = _code_of(stopped_by)
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


def _code_of(stopped_by: signal.Signals | None) -> int:
    """Return the exit code of a run that a signal, or a key, has stopped."""
    return EXIT_INTERRUPTED if stopped_by in (None, signal.SIGINT) else 0
