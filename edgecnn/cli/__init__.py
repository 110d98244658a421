"""The `edgecnn` command. Each command parses options, calls one library function and prints.

Exit codes: 0 success, 1 a check did not pass, 2 invalid usage, 3 an input does not exist, 4 an
input is invalid, 5 this machine cannot do it, 6 an inference hung, 70 a bug in edgecnn, 130 stopped
by Ctrl-C.
"""

import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Annotated, TextIO

import typer

from edgecnn.cli.exit import EXIT_INTERNAL, EXIT_INTERRUPTED, end_now
from edgecnn.cli.look import devices, doctor, evaluate, inspect
from edgecnn.cli.options import option, show_text, show_version
from edgecnn.cli.run import bench, run
from edgecnn.cli.ship import adopt, export, verify
from edgecnn.cli.train import collect, data, demo, train
from edgecnn.errors import EdgeError, Hung
from edgecnn.text import pip_line

app = typer.Typer(
    name="edgecnn",
    help="Train, quantize and run int8 ONNX image classifiers for cameras on small devices.",
    epilog=(__doc__ or "").partition("\n\n")[2],
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def common(
    version: bool = typer.Option(
        False, "--version", callback=show_version, is_eager=True, help="Print the version and exit."
    ),
    debug: Annotated[bool, option("Print the traceback of an error.", "--debug")] = False,
) -> None:
    """Define the options that come before the command."""


COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Train": (demo.demo, collect.collect, train.train),
    "Ship": (export.export, adopt.adopt, verify.verify),
    "Run": (run.run, bench.bench),
    "Look": (inspect.inspect, evaluate.evaluate, devices.devices, doctor.doctor),
}
"""Commands by help group; each group has a folder of this package."""

for group, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=group)(command)
app.add_typer(data.app, name="data", rich_help_panel="Train")


def main() -> None:
    """Run the command line. Every error becomes one message and an exit code."""
    debug = "--debug" in sys.argv
    warnings.showwarning = _show_warning
    try:
        app()
    except Hung as error:
        show_text(f"edgecnn: {error}", err=True)
        end_now(error.exit_code)
    except EdgeError as error:
        _fail(f"edgecnn: {error}", error.exit_code, debug=debug)
    except KeyboardInterrupt:
        _fail("edgecnn: stopped", EXIT_INTERRUPTED, debug=False)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has ended: print nothing more
        raise SystemExit(EXIT_INTERRUPTED) from None
    except ModuleNotFoundError as error:
        _fail(_missing_module(error), 5, debug=debug)
    except Exception as error:  # users get no traceback
        message = f"edgecnn: a bug, {type(error).__name__}: {error}\n  try: again with --debug"
        _fail(message, EXIT_INTERNAL, debug=debug)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as one line, without the line of code that raised it."""
    show_text(f"edgecnn: warning: {message}", err=True)


def _missing_module(error: ModuleNotFoundError) -> str:
    return (
        f"edgecnn: this command needs the package {error.name!r}, which is not installed\n"
        f"  try: {pip_line('cpu', 'train', 'web')}, on Python 3.11 or later"
    )


def _fail(message: str, exit_code: int, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    show_text(message, err=True)
    raise SystemExit(exit_code) from None
