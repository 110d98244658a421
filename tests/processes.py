"""Processes that tests start, as the kernel sees them."""

import time
from pathlib import Path


def children_of(pid: int | str = "self") -> list[int]:
    """Return the ids of the children of all of a process's threads; none if it has ended."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # the thread has ended
    return found


def is_there(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def left(pids: list[int], within_s: float = 30.0) -> int:
    """Return how many of these processes are still there after a while."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s and any(map(is_there, pids)):
        time.sleep(0.01)
    return sum(map(is_there, pids))
