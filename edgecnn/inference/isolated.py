"""Runs a function in a child process with limits, so that a crash or a hang ends only the child.

Accelerator drivers can crash or block a process; a library built for newer CPUs ends its process
with an illegal instruction when imported; an external model file can make a library use up all
memory. A diagnostic program must survive each of these.
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
"""CPU seconds between SIGXCPU, which names the reason, and SIGKILL."""

_REPORTED = 3
"""Exit code of a child whose output is an EdgeError."""
_KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
"""Environment variables that a secluded child inherits."""
_ADDED = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}
"""Variables that are set in a secluded child."""

# Not `-m`: that would put the working folder, and whatever lies in it, before the standard library.
_MAIN = "import sys; sys.path[:] = {path!r}; from edgecnn.inference.isolated import main; main()"


@dataclass(frozen=True)
class ProcessLimits(Record):
    """Limits of a child process. 0: no limit."""

    clock_seconds: float = 60.0
    """Wall-clock time until it is killed."""
    cpu_seconds: int = 0
    memory_mib: int = 0
    """Address space, which is more than the memory in use."""
    file_mib: int = 0
    """Size of each file that it writes."""
    secluded: bool = False
    """Without network access, if the system supports that, and with few environment variables."""
    after_imports: bool = False
    """`cpu_seconds` and `memory_mib` are added to what importing the function's module takes."""


USUAL = ProcessLimits()


def isolated(
    function: Callable[[str], str],
    argument: str = "",
    *,
    limits: ProcessLimits = USUAL,
    environment: Mapping[str, str] = NOTHING,
) -> str:
    """Call a function in a child process; return what it returns.

    Args:
        function: A function at the top level of a module; the child imports it by name.
        argument: Its argument, sent over a pipe, since any user can read command lines.
        limits: Limits of the child.
        environment: Environment variables to add.

    Raises:
        ChildFailed: The child crashed, exceeded a limit, or a package is missing.
        EdgeError: Any error that the function raised.
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
    """Call the function, in the child process, and write its result or its error to stdout."""
    module, function, limits, parent = sys.argv[1:]
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print must not mix with the result
    code = 0
    _die_with_parent(int(parent))
    try:
        text = _call(module, function, ProcessLimits.from_json(limits))
    except EdgeError as error:
        code, text = _REPORTED, json.dumps([type(error).__name__, error.what, error.remedy])
    with os.fdopen(out, "w", encoding="utf-8") as file:
        file.write(text)
    sys.exit(code)


def _die_with_parent(parent: int) -> None:
    """End with the process that waits for the result, where the system supports that."""
    if sys.platform == "linux":
        from edgecnn.parent_death import die_with_parent

        die_with_parent()
        if os.getppid() != parent:  # it ended before that
            sys.exit(1)


def _call(module: str, function: str, limits: ProcessLimits) -> str:
    try:
        return _confined_call(module, function, limits)
    except ModuleNotFoundError as error:
        raise ChildFailed(str(error), remedy=f"pip install {error.name}") from error
    except MemoryError as error:
        what = f"takes more than {limits.memory_mib} MiB"
        raise ChildFailed(what, remedy="give it less to do") from error


def _confined_call(module: str, function: str, limits: ProcessLimits) -> str:
    if not limits.after_imports:
        confine(limits)
    task = getattr(import_module(module), function)
    if limits.after_imports:
        confine(_on_top(limits))
    text: str = task(sys.stdin.read())
    return text


def _on_top(limits: ProcessLimits) -> ProcessLimits:
    """Return limits that are larger by what this process has used so far."""
    status = Path("/proc/self/status")  # elsewhere its address space is not known, and not limited
    lines = status.read_text().splitlines() if status.exists() else []
    used_mib = sum(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmSize:"))
    return replace(
        limits,
        cpu_seconds=limits.cpu_seconds + math.ceil(time.process_time()),
        memory_mib=limits.memory_mib + used_mib if used_mib else 0,
    )


def confine(limits: ProcessLimits) -> None:
    """Limit this process irrevocably."""
    memory, file, cpu = limits.memory_mib * 2**20, limits.file_mib * 2**20, limits.cpu_seconds
    if (memory or file or cpu) and os.name == "posix":
        import resource  # not on Windows

        for kind, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, file)):
            if limit:
                resource.setrlimit(kind, (limit, limit))
        if cpu:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + GRACE_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.secluded:
        _leave_network()


def _leave_network() -> None:
    """Move this process into an empty network namespace, if the system supports that."""
    with contextlib.suppress(AttributeError, OSError):  # not Linux with glibc
        libc = ctypes.CDLL(None)
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _environment(limits: ProcessLimits) -> dict[str, str]:
    if not limits.secluded:
        return dict(os.environ)
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _ADDED


def _crash(code: int, stderr: str, limits: ProcessLimits) -> ChildFailed:
    """Describe how a child ended, by its exit code and its last line on stderr."""
    lines = stderr.strip().splitlines()
    if code == -signal.SIGXCPU:
        what = f"took longer than {limits.cpu_seconds} s of the CPU"
    elif code < 0:
        what = f"its process was ended by {signal.Signals(-code).name}"
    else:
        what = printable(lines[-1]) if lines else f"its process ended with {code}"
    return ChildFailed(
        what, remedy="install the driver or library behind it again, for this CPU and system"
    )
