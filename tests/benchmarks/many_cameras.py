"""Eight cameras at once: is every one served, and how old are results?

    PYTHONPATH=tests python tests/benchmarks/many_cameras.py [--cameras 8] [--fps 15]

HTTP motion JPEG of 640x480 pictures of a real video, served by another process. CPU is that of the
run and its capture processes; the cameras' own is left out.
"""

import os
import resource
import subprocess
import sys
import time

import typer
from cameras import BOUNDARY, Wire, http_camera, jpeg
from real_video import VIDEO, frames, there

from edgecnn.inference.classifier import Classifier
from edgecnn.memory import keep_freed_memory, share_one_heap
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.watch import WatchOptions
from edgecnn.sources.capture import CaptureOptions


def serve(cameras: int, fps: float) -> None:
    """Serve cameras until standard input ends; print their addresses."""
    parts = []
    for frame in frames(VIDEO):
        body = jpeg(frame)
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
        parts.append(head.encode() + body + b"\r\n")

    def send(wire: Wire) -> None:
        start = time.monotonic()
        for number in range(10**9):
            wire.pause(max(0.0, start + number / fps - time.monotonic()))
            wire.write(parts[number % len(parts)])

    from contextlib import ExitStack

    with ExitStack() as stack:
        urls = [stack.enter_context(http_camera(send)).url for _ in range(cameras)]
        print(" ".join(urls), flush=True)
        sys.stdin.read()
        os._exit(0)


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(use.ru_utime + use.ru_stime for use in used)


def main(
    cameras: int = 8, fps: float = 15.0, seconds: int = 30, model: str = "objects",
    camera: bool = False,
) -> None:  # fmt: skip
    """Print frames of each camera, ages and CPU."""
    if camera:
        serve(cameras, fps)
    there(VIDEO)
    line = [sys.executable, __file__, "--camera", f"--cameras={cameras}", f"--fps={fps}"]
    server = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    urls = server.stdout.readline().split()
    quiet = CaptureOptions(on_event=lambda _: None)
    wanted = int(seconds * fps * cameras)
    options = WatchOptions(max_frames=wanted, whole=False, capture=quiet)
    with Classifier(model) as classifier:
        before = cpu_s()
        report = Run(classifier, RunPlan(urls, options=options))().value
        used = cpu_s() - before
    server.kill()
    server.wait()
    assert report is not None
    rates = [(c.frames - c.dropped) / report.seconds for c in report.sources.values()]
    print(f"{cameras} cameras of {fps:g} frames/s, 640x480, {report.seconds:.1f} s")
    print(f"results/s of each: {', '.join(f'{rate:.2f}' for rate in rates)}")
    print(f"the least served gets {min(rates) / max(rates):.3f} of the most served")
    print(f"dropped {report.dropped} of {sum(c.frames for c in report.sources.values())}")
    print(f"age p99 {report.age_p99_ms:.1f} ms, CPU {used / report.seconds:.2f} cores")


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    share_one_heap()
    typer.run(main)
