"""Settings of glibc's memory allocator.

Both functions affect the whole process: the commands call them, the library never does.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt(3)
_KEEP_BYTES = 2**30
_OLD_MOST_BYTES = 2**25
"""The largest mmap threshold that glibc accepts by default: half of a thread's heap."""


def keep_freed_memory() -> None:
    """Make glibc reuse freed blocks below 1 GiB instead of returning them to the system.

    A training step, and the decoding of a frame, allocate and free the same megabytes again and
    again. When they are mapped anew, each page costs a page fault: on a CPU a third of the time of
    a small network's training step. Other C libraries are left unchanged.
    """
    _ = _set(_MMAP_THRESHOLD, _KEEP_BYTES) or _set(_MMAP_THRESHOLD, _OLD_MOST_BYTES)
    _set(_TRIM_THRESHOLD, _KEEP_BYTES)


def share_one_heap() -> None:
    """Make glibc use the main thread's heap for all threads that start from now on.

    Otherwise each thread has a heap of its own, which stays as large as its peak. Other C libraries
    are left unchanged.
    """
    _set(_ARENA_MAX, 1)


def _set(option: int, value: int) -> bool:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and bool(mallopt(option, value))  # musl has no mallopt
