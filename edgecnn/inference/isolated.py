"""Asking a module of ours in a process of its own: native code that crashes ends only that one.

Drivers of accelerators end processes, or hang them, and a library built for newer CPUs dies of an
illegal instruction when it is imported. Whoever looks for what is wrong must survive that.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from edgecnn.errors import DeviceError, EdgeError
from edgecnn.text import printable

LIMIT_S = 60.0
NOTHING: Mapping[str, str] = MappingProxyType({})

_TOLD = 3
"""Exit code of a process that says what is wrong: its output is a message and what to do."""

# Not `-m`: that would put the working folder, and whatever lies in it, before the standard library.
_MAIN = (
    "import sys; sys.path[:] = {path!r}; "
    "from edgecnn.inference.isolated import main; main({module!r})"
)


def ask_aside(
    module: str,
    question: str,
    *,
    limit_s: float = LIMIT_S,
    environment: Mapping[str, str] = NOTHING,
) -> str:
    """Give a text to `answer` of a module in another process; return the text that it returns.

    Args:
        module: Its dotted name.
        question: Goes over a pipe, since anybody can read a command line.
        limit_s: Seconds after which the process is killed.
        environment: Variables to set there.

    Raises:
        DeviceError: The process crashed, took too long or raised an error.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _MAIN.format(path=sys.path, module=module)],
            input=question.encode(), capture_output=True, timeout=limit_s, check=False,
            env={**os.environ, **environment},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"no answer for {limit_s:g} s", remedy="update the driver or library behind it"
        ) from error
    if done.returncode == _TOLD:
        what, remedy = json.loads(done.stdout)
        raise DeviceError(what, remedy=remedy)
    if done.returncode:
        raise DeviceError(
            _ending(done.returncode, done.stderr.decode("utf-8", "replace")),
            remedy="install the driver or library behind it again, for this CPU and system",
        )
    return done.stdout.decode()


def main(module: str) -> None:
    """Answer, in that process; what libraries print does not mix with it."""
    out = os.dup(1)
    os.dup2(2, 1)
    code = 0
    try:
        text: str = import_module(module).answer(sys.stdin.read())
    except EdgeError as error:
        code, text = _TOLD, json.dumps([error.what, error.remedy])
    except ModuleNotFoundError as error:
        code, text = _TOLD, json.dumps([str(error), f"pip install {error.name}"])
    with os.fdopen(out, "w", encoding="utf-8") as file:
        file.write(text)
    sys.exit(code)


def _ending(code: int, said: str) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    lines = said.strip().splitlines()
    return printable(lines[-1]) if lines else f"its process ended with {code}"
