"""The end of `edgecnn run`: how signals are answered, its summary and exit code."""

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
    """Print the summary, and exit with a code unless the sources ended normally.

    Raises:
        DeviceError: A sink failed.
    """
    report, stopped_by = outcome.value, outcome.signal
    code = _code_of(stopped_by)
    if report is None:
        by = stopped_by.name if stopped_by else "a key"
        show_text(f"edgecnn: stopped by {by}; not everything could be finished", err=True)
        end_now(code)
    if form is RunFormat.JSON:
        typer.echo(report.to_json(indent=1))
    show_text(str(report), err=True)
    failed = [f"{name}: {sink.failure}" for name, sink in report.sinks.items() if sink.failure]
    if failed and not report.interrupted:
        raise DeviceError(
            f"not everything was delivered: {'; '.join(failed)}",
            remedy="check the disk or network it goes to; all other outputs are complete",
        )
    if report.interrupted:
        raise SystemExit(code)


def _code_of(stopped_by: signal.Signals | None) -> int:
    """Return the exit code of a run that a signal, or a key, has stopped."""
    return EXIT_INTERRUPTED if stopped_by in (None, signal.SIGINT) else 0
