"""What reading and classifying a file costs over decoding it alone.

    python tests/benchmarks/capture.py [--ffmpeg-threads 1] [--rounds 15]

The video is read by OpenCV alone, by `open_source`, by a capture process as a live source would be,
and classified by `edgecnn run`, by the usual loop, and by two bare threads, which are the most that
can be had of two cores: one reads, the other classifies, and nothing else is done. Rounds are
interleaved, and every figure is a ratio to OpenCV alone in the same round. Where others take time
from one of the cores, the fastest rounds of each tell what the program itself costs.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path
from queue import Queue
from threading import Thread

import typer
from footage import SIZE, VIDEO, frames, there

from edgecnn.bench.clock import ratio
from edgecnn.inference.classifier import Classifier
from edgecnn.memory import keep_freed_memory, share_one_heap
from edgecnn.model.frame import Frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import cv2
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.watch import WatchOptions
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.settings import CameraSettings
from edgecnn.sources.capture import _take_in_turn, open_source
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.live.capture_job import plan_job
from edgecnn.sources.live.connection import Patience
from edgecnn.sources.live.feed import LiveFeed
from edgecnn.sources.prefetch import DEPTH


def motion_jpeg(video: Path, folder: Path) -> Path:
    """Write the video again as 640x480 motion JPEG."""
    path = folder / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, SIZE)
    for frame in frames(video):
        writer.write(frame)
    writer.release()
    return path


def read_alone(path: Path) -> int:
    """Return nanoseconds a frame of OpenCV's decoding."""
    capture, frames, start = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0, time.monotonic_ns()
    while capture.read()[0]:
        frames += 1
    return (time.monotonic_ns() - start) // frames


def read_source(path: Path) -> int:
    """Return nanoseconds a frame through `open_source`."""
    with open_source(str(path)) as source:
        start = time.monotonic_ns()
        count = sum(1 for _ in source)
    return (time.monotonic_ns() - start) // count


def read_process(path: Path, spec: ModelSpec | None, *, whole: bool) -> int:
    """Return nanoseconds a frame in a capture process that a reader keeps asking."""
    patience = Patience()
    request = FrameRequest(spec, whole)
    job = plan_job(str(path), Kind.STREAM, CameraSettings(), patience, request)
    feed = LiveFeed("video", job, patience, lambda _: None)
    with closing(feed):
        seen = [(shot.stamp_ns, feed.counts.frames) for shot in islice(_take_in_turn([feed]), 60)]
    (first_ns, first), (last_ns, last) = seen[0], seen[-1]
    return (last_ns - first_ns) // (last - first)


def run_edgecnn(path: Path, classify: Classifier) -> int:
    """Return nanoseconds a frame of reading and classifying as `edgecnn run` does."""
    options = WatchOptions(whole=False)
    report = Run(classify, RunPlan([str(path)], options=options))().value
    assert report is not None
    return round(report.seconds * 1e9 / report.frames)


def run_usual(path: Path, classify: Classifier) -> int:
    """Return nanoseconds a frame of the usual loop: read, then classify."""
    capture, frames, start = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0, time.monotonic_ns()
    while (read := capture.read())[0]:
        classify(read[1])
        frames += 1
    return (time.monotonic_ns() - start) // frames


def run_bare(path: Path, classify: Classifier) -> int:
    """Return nanoseconds a frame of reading in one thread and classifying in another."""
    ring: Queue[Frame | None] = Queue(DEPTH)
    capture, count, start = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0, time.monotonic_ns()
    reader = Thread(target=_read_into, args=(capture, ring))
    reader.start()
    while (frame := ring.get()) is not None:
        classify(frame)
        count += 1
    taken = (time.monotonic_ns() - start) // count
    reader.join()
    return taken


def _read_into(capture: "cv2.VideoCapture", ring: "Queue[Frame | None]") -> None:
    while (read := capture.read())[0]:
        ring.put(read[1])
    ring.put(None)


def compare(path: Path, classify: Classifier, rounds: int) -> None:
    """Print every way of reading a video as a ratio to OpenCV alone, both times per frame."""
    ways: dict[str, Callable[[], int]] = {
        "open_source": lambda: read_source(path),
        "capture process, whole frames": lambda: read_process(path, None, whole=True),
        "capture process, fitted frames": lambda: read_process(path, classify.spec, whole=False),
        "edgecnn run": lambda: run_edgecnn(path, classify),
        "two bare threads": lambda: run_bare(path, classify),
        "usual loop": lambda: run_usual(path, classify),
    }
    alone: dict[str, list[int]] = {name: [] for name in ways}
    timed: dict[str, list[int]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            alone[name].append(read_alone(path))
            timed[name].append(way())
    print(
        f"{path.name}: OpenCV alone {statistics.median(alone['open_source']) / 1e3:.0f} us a frame"
    )
    for name in ways:
        added = (
            statistics.median(b - a for a, b in zip(alone[name], timed[name], strict=True)) / 1e3
        )
        speed = ratio(timed[name], alone[name])
        fastest = min(alone[name]) / min(timed[name])
        print(
            f"  {name:<31} speed {speed} of OpenCV alone, {added:+.0f} us a frame; "
            f"fastest rounds {fastest:.2f}"
        )


def main(
    video: Path = VIDEO,
    model: str = "objects",
    ffmpeg_threads: int = 1,
    rounds: int = 15,
) -> None:
    """Print what reading costs."""
    there(video)
    os.environ["OPENCV_FFMPEG_THREADS"] = str(ffmpeg_threads)
    print(f"FFmpeg threads, for every way: {ffmpeg_threads}")
    with tempfile.TemporaryDirectory() as folder, Classifier(model) as classify:
        for path in (video, motion_jpeg(video, Path(folder))):
            compare(path, classify, rounds)


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    share_one_heap()
    typer.run(main)
