"""How old results are when a model is slower than its source.

    python tests/benchmarks/ages.py [--seconds 600] [--usual-seconds 20]

A source of 30 frames/s meets a model that takes 100 ms, in edgecnn and in the usual loop, where
frames wait in a buffer.
"""

import queue
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import takewhile

import numpy as np
import typer

from edgecnn.sources.capture import open_source

SLOW_S = 0.1
PACED = """
import sys, time
import numpy as np
frame, start = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8), time.monotonic()
for number in range(10**9):
    time.sleep(max(0, start + number / 30 - time.monotonic()))
    frame.reshape(-1)[:8].view(np.uint64)[0] = time.monotonic_ns()
    sys.stdout.buffer.write(frame)
    sys.stdout.flush()
"""


def ages_edgecnn(seconds: float) -> Iterator[float]:
    """Yield the age of each result in ms when a model takes 100 ms, in edgecnn."""
    command = f"exec:640x480:bgr24:{sys.executable} -c {shlex.quote(PACED)}"
    with open_source(command) as source:
        end = time.monotonic() + seconds
        for shot in takewhile(lambda _: time.monotonic() < end, source.captured_frames()):
            time.sleep(SLOW_S)
            yield (
                time.monotonic_ns() - int(shot.frame_bgr.reshape(-1)[:8].view(np.uint64)[0])
            ) / 1e6


def ages_usual(seconds: float) -> Iterator[float]:
    """Yield the same of a loop that takes one frame after the other, through a deep buffer."""
    process = subprocess.Popen([sys.executable, "-c", PACED], stdout=subprocess.PIPE)
    frames: queue.Queue[bytes] = queue.Queue()
    size = 640 * 480 * 3

    def fill() -> None:
        assert process.stdout is not None
        while len(data := process.stdout.read(size)) == size:
            frames.put(data)

    threading.Thread(target=fill, daemon=True).start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stamp_ns = int(np.frombuffer(frames.get()[:8], np.uint64)[0])
        time.sleep(SLOW_S)
        yield (time.monotonic_ns() - stamp_ns) / 1e6
    process.kill()
    process.wait()


def tell(name: str, ages_ms: list[float], seconds: float) -> None:
    """Print the 99th percentile of each sixth; the first results, of a start, are left out."""
    parts = np.array_split(np.array(ages_ms[2:]), 6)
    told = ", ".join(f"{np.percentile(part, 99):.0f}" for part in parts)
    print(f"{name}: age p99 in each sixth of {seconds:g} s: {told} ms, {len(ages_ms)} results")


def main(seconds: float = 600.0, usual_seconds: float = 20.0) -> None:
    """Print how old results are."""
    tell("edgecnn", list(ages_edgecnn(seconds)), seconds)
    tell("the usual loop", list(ages_usual(usual_seconds)), usual_seconds)


if __name__ == "__main__":
    typer.run(main)
