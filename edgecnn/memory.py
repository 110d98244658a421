"""How glibc's allocator keeps a process's memory.

Both functions change the whole process: commands call them, the library never does.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt(3)
_KEEP_BYTES = 2**30
_OLD_MOST_BYTES = 2**25
"""What a glibc takes that refuses more: half of a heap of a thread."""


def keep_freed_memory() -> None:
    """Stop glibc from giving blocks below 1 GiB back to the system; elsewhere do nothing.

    It is the whole process that keeps them, until it ends.

    A step of training, and a frame that is decoded, frees and takes the same megabytes. Mapped
    anew, every page of them faults: on a CPU a third of the time of a small network's step.
    """
    _ = _set(_MMAP_THRESHOLD, _KEEP_BYTES) or _set(_MMAP_THRESHOLD, _OLD_MOST_BYTES)
    _set(_TRIM_THRESHOLD, _KEEP_BYTES)


def share_one_heap() -> None:
    """Let threads that get their first heap from now on take the main thread's, where it is glibc.

    A heap of a thread's own keeps the most it ever held, each at its own moment.
    """
    _set(_ARENA_MAX, 1)


def _set(option: int, value: int) -> bool:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and bool(mallopt(option, value))  # musl has none
