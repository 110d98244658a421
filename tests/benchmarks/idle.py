"""What a run costs at 10 frames a second, and when its camera is silent.

    PYTHONPATH=tests python tests/benchmarks/idle.py [--seconds 20] [--rounds 5]

The same HTTP camera (640x480 motion JPEG) is read by `edgecnn run` and by the usual loop in one
process: OpenCV's read, `fit_frame`, one inference. Rounds are interleaved; figures are CPU seconds
a second, user and system, of all processes of each, their start left out.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import typer
from cameras import Wire, http_camera, jpeg
from real_video import VIDEO, frames

TICKS = os.sysconf("SC_CLK_TCK")
USUAL = """
import sys
import edgecnn, cv2
cv2.setNumThreads(1)
capture = cv2.VideoCapture(sys.argv[2], cv2.CAP_FFMPEG)
with edgecnn.Classifier(sys.argv[1]) as classify:
    while (read := capture.read())[0]:
        print(classify(read[1]).label, flush=True)
"""
RUN = "from edgecnn.__main__ import main; main()"


def paced(wire: Wire, pictures: list[bytes], fps: float) -> None:
    """Send pictures for ever; with no rate, send one and then nothing."""
    start = time.monotonic()
    for number in range(10**9):
        body = pictures[number % len(pictures)]
        wire.write(b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body))
        wire.write(body + b"\r\n")
        due = start + (number + 1) / fps if fps else start + 1e9
        wire.pause(max(0.0, due - time.monotonic()))


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and its living children."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            total += cpu_of(int(child))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return total + (int(fields[11]) + int(fields[12])) / TICKS


def use(script: str, arguments: list[str], seconds: float) -> float:
    """Return the share of a core that a program uses once its first result is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env={**os.environ, "OPENCV_FFMPEG_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(1.0)
    before, start = cpu_of(process.pid), time.monotonic()
    time.sleep(seconds)
    used = (cpu_of(process.pid) - before) / (time.monotonic() - start)
    process.terminate()
    process.communicate()
    return used


def main(seconds: float = 20.0, rounds: int = 5, model: str = "objects") -> None:
    """Print both, their difference, and what a silent camera costs."""
    shown = [jpeg(frame) for frame in frames(VIDEO)]
    ours: list[float] = []
    usual: list[float] = []
    silent: list[float] = []
    with (
        http_camera(lambda wire: paced(wire, shown, 10)) as camera,
        http_camera(lambda wire: paced(wire, shown, 0)) as dumb,
    ):
        for _ in range(rounds):
            ours.append(use(RUN, ["run", model, "--source", camera.url], seconds))
            usual.append(use(USUAL, [model, camera.url], seconds))
            waiting = ["run", model, "--source", dumb.url, "--stall-timeout", "1000"]
            silent.append(use(RUN, waiting, seconds))
    added = [a - b for a, b in zip(ours, usual, strict=True)]
    ratios = [a / b for a, b in zip(ours, usual, strict=True)]
    print(f"at 10 frames/s: edgecnn run {statistics.median(ours):.2%} of a core, the usual loop "
          f"{statistics.median(usual):.2%}")  # fmt: skip
    print(f"difference {statistics.median(added):+.2%} of a core [{min(added):+.2%}, "
          f"{max(added):+.2%}], ratio {statistics.median(ratios):.2f}")  # fmt: skip
    print(f"a silent camera: {statistics.median(silent):.2%} of a core")


if __name__ == "__main__":
    typer.run(main)
