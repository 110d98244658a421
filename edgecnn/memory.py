"""Letting a process keep the memory that it will need again at once."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3)
_KEEP_BYTES = 2**30
_OLD_MOST_BYTES = 2**25
"""What a glibc takes that refuses more: half of a heap of a thread."""


def keep_freed_memory() -> None:
    """Stop glibc from giving blocks below 1 GiB back to the system; elsewhere do nothing.

    A step of training, and a frame that is decoded, frees and takes the same megabytes. Mapped
    anew, every page of them faults: on a CPU a third of the time of a small network's step.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        _ = mallopt(_MMAP_THRESHOLD, _KEEP_BYTES) or mallopt(_MMAP_THRESHOLD, _OLD_MOST_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEEP_BYTES)
