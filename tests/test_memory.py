"""glibc's allocator does what it is asked."""

import subprocess
import sys

import pytest

HEAPS = """
import ctypes, sys, threading
from edgecnn.memory import share_one_heap
if sys.argv[1] == "share":
    share_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
threads = [threading.Thread(target=lambda: libc.malloc(3000)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own")
def test_threads_share_one_heap_only_once_they_are_asked_to() -> None:
    def heaps(how: str) -> int:
        line = [sys.executable, "-c", HEAPS, how]
        told = subprocess.run(line, capture_output=True, text=True, check=True)
        return told.stdout.count("<heap ")

    assert heaps("share") == 1
    assert heaps("alone") > 1
