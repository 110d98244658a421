"""What a process may use that works on a stranger's file."""

import contextlib
import ctypes
import resource
from dataclasses import dataclass

from edgecnn.records import Record

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""Source: linux/sched.h."""
GRACE_SECONDS = 5
"""Between the signal that names the reason and the one that cannot be caught."""


@dataclass(frozen=True)
class ProcessLimits(Record):
    """What the child may use."""

    memory_mib: int
    """Address space: its memory is less."""
    seconds: int
    """Of the CPU."""
    clock_seconds: int
    """Until it is ended, whatever it waits for."""
    file_mib: int = 1024
    """Of a file that it writes."""


def limits_for(size: int, *, seconds: int = 60) -> ProcessLimits:
    """Return the limits for a file of so many bytes: 1 GiB and eight times the file."""
    memory_mib = 1024 + 8 * size // 2**20
    return ProcessLimits(memory_mib=memory_mib, seconds=seconds, clock_seconds=5 * seconds)


def confine(limits: ProcessLimits) -> None:
    """Limit this process for good."""
    memory, file = limits.memory_mib * 2**20, limits.file_mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + GRACE_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _leave_network()


def _leave_network() -> None:
    """Take this process into a network of its own, which has no way out, where the system can."""
    with contextlib.suppress(AttributeError, OSError):  # no glibc
        libc = ctypes.CDLL(None)
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
