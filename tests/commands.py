"""Programs that tests run: in this process, which is quicker, or in one that cannot outlive it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
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


def command(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run edgecnn with nothing on stdin, as in a service."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "edgecnn", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip


@contextmanager
def started(
    *words: str | Path, env: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Start a program with nothing on stdin; it is gone afterwards, whatever happens."""
    process = subprocess.Popen(
        [*map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


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
