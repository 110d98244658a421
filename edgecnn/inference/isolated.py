"""Run a function of ours in a child process with limits: what crashes or hangs ends only there.

Drivers of accelerators end processes, or hang them; a library built for newer CPUs dies of an
illegal instruction when it is imported; a model file from elsewhere can make a library take all
memory. A program that looks for what is wrong must survive each of these.
"""

import contextlib
import ctypes
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from edgecnn.errors import ChildFailed, EdgeError, error_class
from edgecnn.records import Record
from edgecnn.text import printable

NOTHING: Mapping[str, str] = MappingProxyType({})
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""Source: linux/sched.h."""
GRACE_SECONDS = 5
"""Between the signal that names the reason and the one that cannot be caught."""

_REPORTED = 3
"""Exit code of a child whose output is an error of ours."""
_KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
"""Of the environment, in a secluded child."""
_ADDED = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}

# Not `-m`: that would put the working folder, and whatever lies in it, before the standard library.
_MAIN = "import sys; sys.path[:] = {path!r}; from edgecnn.inference.isolated import main; main()"


@dataclass(frozen=True)
class ProcessLimits(Record):
    """What a child process may use. 0: no limit."""

    clock_seconds: float = 60.0
    """Until it is killed, whatever it waits for."""
    cpu_seconds: int = 0
    memory_mib: int = 0
    """Of address space: its memory is less."""
    file_mib: int = 0
    """Size of a file that it writes."""
    secluded: bool = False
    """Without a network, where the system can, and with little of our environment."""
    after_imports: bool = False
    """`cpu_seconds` and `memory_mib` come on top of what importing the function's module takes."""


USUAL = ProcessLimits()


def isolated(
    function: Callable[[str], str],
    argument: str = "",
    *,
    limits: ProcessLimits = USUAL,
    environment: Mapping[str, str] = NOTHING,
) -> str:
    """Call a function of a module in a child process; return what it returns.

    Args:
        function: A module's function, found again there by its name.
        argument: Goes over a pipe, since anybody can read a command line.
        limits: What the child may use.
        environment: Variables to set there.

    Raises:
        ChildFailed: The child crashed, took too long or too much, or lacks a package.
        EdgeError: What the function raised.
    """
    names = (function.__module__, function.__qualname__, limits.to_json(), str(os.getpid()))
    try:
        done = subprocess.run(
            [sys.executable, "-c", _MAIN.format(path=sys.path), *names],
            input=argument.encode(), capture_output=True, timeout=limits.clock_seconds,
            check=False, env={**_environment(limits), **environment},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ChildFailed(
            f"no answer for {limits.clock_seconds:g} s",
            remedy="update the driver or library behind it",
        ) from error
    if done.returncode == _REPORTED:
        name, what, remedy = json.loads(done.stdout)
        raise error_class(name)(what, remedy=remedy)
    if done.returncode:
        raise _crash(done.returncode, done.stderr.decode("utf-8", "replace"), limits)
    return done.stdout.decode()


def main() -> None:
    """Call the function, in the child; what libraries print does not mix with its answer."""
    module, function, limits, parent = sys.argv[1:]
    out = os.dup(1)
    os.dup2(2, 1)
    code = 0
    _die_with_parent(int(parent))
    try:
        text = _call(module, function, ProcessLimits.from_json(limits))
    except EdgeError as error:
        code, text = _REPORTED, json.dumps([type(error).__name__, error.what, error.remedy])
    except ModuleNotFoundError as error:
        code, text = _REPORTED, _failure(str(error), f"pip install {error.name}")
    except MemoryError:
        most = ProcessLimits.from_json(limits).memory_mib
        code, text = _REPORTED, _failure(f"takes more than {most} MiB", "give it less to do")
    with os.fdopen(out, "w", encoding="utf-8") as file:
        file.write(text)
    sys.exit(code)


def _die_with_parent(parent: int) -> None:
    """End with the process that waits for the answer, where the system can."""
    if sys.platform == "linux":
        from edgecnn.parent_death import die_with_parent

        die_with_parent()
        if os.getppid() != parent:  # it ended before that
            sys.exit(1)


def _call(module: str, function: str, limits: ProcessLimits) -> str:
    if not limits.after_imports:
        confine(limits)
    task = getattr(import_module(module), function)
    if limits.after_imports:
        confine(_on_top(limits))
    text: str = task(sys.stdin.read())
    return text


def _on_top(limits: ProcessLimits) -> ProcessLimits:
    """Return limits that are larger by what this process has used until now."""
    status = Path("/proc/self/status")  # elsewhere its address space is not known, and not limited
    lines = status.read_text().splitlines() if status.exists() else []
    used_mib = sum(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmSize:"))
    return replace(
        limits,
        cpu_seconds=limits.cpu_seconds + math.ceil(time.process_time()),
        memory_mib=limits.memory_mib + used_mib if used_mib else 0,
    )


def confine(limits: ProcessLimits) -> None:
    """Limit this process for good."""
    memory, file, cpu = limits.memory_mib * 2**20, limits.file_mib * 2**20, limits.cpu_seconds
    if (memory or file or cpu) and os.name == "posix":
        import resource  # not on Windows

        for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, file)):
            if most:
                resource.setrlimit(kind, (most, most))
        if cpu:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + GRACE_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.secluded:
        _leave_network()


def _leave_network() -> None:
    """Take this process into a network of its own, which has no way out, where the system can."""
    with contextlib.suppress(AttributeError, OSError):  # no glibc
        libc = ctypes.CDLL(None)
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _failure(what: str, remedy: str) -> str:
    return json.dumps([ChildFailed.__name__, what, remedy])


def _environment(limits: ProcessLimits) -> dict[str, str]:
    if not limits.secluded:
        return dict(os.environ)
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _ADDED


def _crash(code: int, said: str, limits: ProcessLimits) -> ChildFailed:
    """Say how a child ended, by its exit code and the last line on its stderr."""
    lines = said.strip().splitlines()
    if code == -signal.SIGXCPU:
        what = f"took longer than {limits.cpu_seconds} s of the CPU"
    elif code < 0:
        what = f"its process was ended by {signal.Signals(-code).name}"
    else:
        what = printable(lines[-1]) if lines else f"its process ended with {code}"
    return ChildFailed(
        what, remedy="install the driver or library behind it again, for this CPU and system"
    )
