"""What a command of edgecnn did."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Ran(NamedTuple):
    """Its end."""

    returncode: int
    stdout: str
    stderr: str


Main = Callable[..., Ran]


def command(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run edgecnn with nothing on stdin, as in a service."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "edgecnn", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip
