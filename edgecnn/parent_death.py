"""Parent death signal. A module without heavy imports, so that it can run before all others."""

import ctypes
import signal

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)  # loaded here: after a fork, loading a library could deadlock


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends; prctl(2)."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
