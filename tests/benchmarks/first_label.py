"""How long it takes from starting `edgecnn run` on a video to its first label.

    python tests/benchmarks/first_label.py [--rounds 10]

Cold: the kernel's page cache is dropped before each start, which needs root; warm: it is not. The
package is compiled to byte code first, as an installer does.
"""

import compileall
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import typer
from real_video import VIDEO, there

PACKAGE = Path(__file__).parents[2] / "edgecnn"
CACHES = Path("/proc/sys/vm/drop_caches")
RUN = "from edgecnn.__main__ import main; main()"


def first_label_s(model: str, video: Path) -> float:
    """Return the seconds from the start of the process to its first line."""
    start = time.monotonic()
    line = [sys.executable, "-c", RUN, "run", model, "--source", str(video), "--max-frames", "1"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    process.stdout.readline()
    seconds = time.monotonic() - start
    process.communicate()
    return seconds


def drop_caches() -> None:
    """Forget every file that was read."""
    os.sync()
    CACHES.write_text("3")


def main(model: str = "objects", video: Path = VIDEO, rounds: int = 10) -> None:
    """Print the median and the longest of each."""
    there(video)
    compileall.compile_dir(PACKAGE, quiet=1)
    ways: dict[str, Callable[[], None]] = {"warm": lambda: None}
    if os.access(CACHES, os.W_OK):
        ways["cold"] = drop_caches
    for name, prepare in ways.items():
        times = []
        for _ in range(rounds):
            prepare()
            times.append(first_label_s(model, video))
        print(f"{name}: first label after {statistics.median(times):.2f} s, longest "
              f"{max(times):.2f} s of {rounds}")  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
