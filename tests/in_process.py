"""Programs run in this process: seconds faster each, since torch is imported already."""

import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest


class Ran(NamedTuple):
    """What a program left: its exit code, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Main = Callable[..., Ran]


def run_here(program: Callable[[], object], *words: str | Path) -> Ran:
    """Run a program whose name and arguments are `words`."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", [*map(str, words)])
        code = _exit_code(program)
    return Ran(code, out.getvalue(), err.getvalue())


def _exit_code(program: Callable[[], object]) -> int:
    """Return what Python would exit with; it prints what is no number."""
    try:
        program()
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            return 1
        return stop.code or 0
    return 0
