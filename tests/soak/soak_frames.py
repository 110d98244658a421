"""Many frames through the whole pipeline while cameras misbehave and processes are killed.

    PYTHONPATH=tests python tests/soak/soak_frames.py [--frames 2000000] [--out soak.json]

Two HTTP cameras stall, hang up, send what is corrupt, black or of another size; a command gives raw
frames, a thousand a second. Their capture processes are killed or stopped every few seconds.
Results go into a register, a ring of pictures, a recording with a quota, and lines whose reader
pauses; the others pause too, as on a disk that is slow now and then, so that their queues run full.
Memory, descriptors, threads and processes of the run are sampled; after a warm-up none may grow.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import numpy as np
import typer
from processes import children_of
from watching import Sample, Watching, growth, sample, usual

from edgecnn.inference.classifier import Classifier
from edgecnn.memory import keep_freed_memory, share_one_heap
from edgecnn.records import Record
from edgecnn.runner.result import Result
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.sink_queue import Sink
from edgecnn.runner.smoothing import Smoothing
from edgecnn.runner.statistics import RunReport
from edgecnn.runner.watch import WatchOptions
from edgecnn.sinks.csv_sink import CsvSink
from edgecnn.sinks.lines import LineSink
from edgecnn.sinks.uncertain import UncertainSink
from edgecnn.sinks.video.segments import Segments, SegmentSink
from edgecnn.sources.capture import CaptureOptions
from edgecnn.sources.live.connection import Patience

HERE = Path(__file__).parent
WARM_UP = 0.2
"""Share of the run before which growth does not count: heaps grow by steps to their worst."""
NAMES = 50_000
PATIENCE = Patience(stall_s=1.0, doubt_s=0.02)
READER = """
import sys, time
every_s, pause_s = map(float, sys.argv[1:])
due = time.monotonic() + every_s
while sys.stdin.buffer.read1(1 << 16):
    if time.monotonic() > due:
        time.sleep(pause_s)
        due = time.monotonic() + every_s
"""
RAW = """
import sys, time
import numpy as np
frame = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
while True:
    frame.reshape(-1)[:8].view(np.uint64)[0] += np.uint64(1)
    sys.stdout.buffer.write(frame)
    sys.stdout.flush()
    time.sleep(0.0008)
"""


@dataclass(frozen=True)
class SoakReport(Record):
    """What a soak showed."""

    frames: int
    seconds: float
    events: dict[str, int]
    """What was told of the sources, by kind."""
    killed: dict[str, int]
    """Capture processes that got a signal."""
    memory_slope_mib_per_hour: float
    """Of a line through what was resident after the warm-up."""
    in_use_slope_mib_per_hour: float
    """The same of what was allocated."""
    warm: Sample
    """What was usual in the first quarter after the warm-up."""
    end: Sample
    """What was usual in the last quarter."""
    rows: int
    """Of the register."""
    run: RunReport


class Stumbling:
    """A sink that pauses now and then: results wait, and those that find no room are lost."""

    def __init__(self, sink: Sink, every_s: float, pause_s: float) -> None:
        self.name, self.queue_size = sink.name, sink.queue_size
        self.needs_frames, self.required = sink.needs_frames, sink.required
        self._sink, self._every_s, self._pause_s = sink, every_s, pause_s
        self._due_s = time.monotonic() + every_s

    def __call__(self, result: Result) -> None:
        """Take a result, after a pause if it is time for one."""
        if time.monotonic() > self._due_s:
            time.sleep(self._pause_s)
            self._due_s = time.monotonic() + self._every_s
        self._sink(result)

    def close(self) -> None:
        """Close the sink."""
        self._sink.close()


@contextmanager
def bad_cameras(count: int, good_s: float) -> Iterator[list[str]]:
    """Start cameras that misbehave; yield their addresses."""
    with ExitStack() as stack:
        urls = []
        for seed in range(count):
            line = [
                sys.executable,
                str(HERE / "bad_camera.py"),
                f"--seed={seed}",
                f"--good-s={good_s}",
            ]
            camera = stack.enter_context(
                subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 env={**os.environ, "PYTHONPATH": str(HERE.parent)})
            )  # fmt: skip
            assert camera.stdin is not None
            assert camera.stdout is not None
            stack.callback(camera.stdin.close)
            urls.append(camera.stdout.readline().strip())
        yield urls


def soak(model: str, frames: int, *, kill_every_s: float = 5.0, good_s: float = 5.0) -> SoakReport:
    """Run the soak."""
    events: Counter[str] = Counter()
    watching = Watching(kill_every_s)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pauses = (4 * kill_every_s, 0.8 * kill_every_s)
        out = stack.enter_context(pausing_reader(*pauses))
        sources = [*stack.enter_context(bad_cameras(2, good_s)), raw_source(folder)]
        watching.spared = children_of()
        capture = CaptureOptions(
            patience=PATIENCE, on_event=lambda event: events.update([event.what.value])
        )
        plan = RunPlan(
            sources,
            lambda _: [
                LineSink(as_json=True, out=out),
                *(Stumbling(sink, *pauses) for sink in sinks_in(folder)),
            ],
            WatchOptions(smoothing=Smoothing(2, 3), max_frames=frames, capture=capture),
        )
        classifier = stack.enter_context(Classifier(model))
        stack.enter_context(watching)
        report = Run(classifier, plan)().value
        rows = (folder / "register.csv").read_bytes().count(b"\n") - 1
    if report is None:
        raise SystemExit("it did not end in time")
    return summarise(report, dict(events), watching, rows)


@contextmanager
def pausing_reader(every_s: float, pause_s: float) -> Iterator[TextIO]:
    """Start who reads lines, but pauses now and then: they wait, and those that find no room go."""
    line = [sys.executable, "-c", READER, str(every_s), str(pause_s)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, text=True) as reader:
        yield cast("TextIO", reader.stdin)


def sinks_in(folder: Path) -> list[Sink]:
    """Return a sink of every kind that writes files."""
    return [
        CsvSink(folder / "register.csv", "soak"),
        UncertainSink(folder / "uncertain", "soak"),
        SegmentSink(Segments(folder / "video", 0.5, 0.02), {}),
    ]


def raw_source(folder: Path) -> str:
    """Return a command that gives raw frames as fast as it can."""
    script = folder / "raw.py"
    script.write_text(RAW)
    return f"exec:64x48:bgr24:{sys.executable} {script}"


def summarise(
    report: RunReport, events: dict[str, int], watching: Watching, rows: int
) -> SoakReport:
    """Compare what the process held after the warm-up with what it held at the end."""
    samples = watching.samples[int(len(watching.samples) * WARM_UP) :]
    part = max(1, len(samples) // 4)
    return SoakReport(
        report.frames,
        report.seconds,
        events,
        dict(watching.killed),
        per_hour([s.at_s for s in samples], [s.memory_mib for s in samples]),
        per_hour([s.at_s for s in samples], [s.in_use_mib for s in samples]),
        usual(samples[:part]),
        usual(samples[-part:]),
        rows,
        report,
    )


def per_hour(at_s: list[float], values: list[float]) -> float:
    """Return the slope of a line through values."""
    return round(float(np.polyfit(at_s, values, 1)[0]) * 3600, 3)


def let_names_grow() -> None:
    """Bring forward what else comes as a step of 0.94 MiB after half an hour.

    pathlib interns every part of a path. Python's table of interned strings, which keeps a place
    for those that are gone, is made twice as large after some 20,000 new ones. When it is full of
    places once more, its next size depends on how many are alive then: the same, or twice that.
    """
    for number in range(NAMES):
        Path(f"{number:06d}.png")


def complaints(report: SoakReport) -> list[str]:
    """Return what a soak should not have shown."""
    sinks = report.run.sinks
    found = [f"{name}: its queue was never full" for name, told in sinks.items() if not told.lost]
    found += [f"{name} ended early" for name, told in sinks.items() if told.failure]
    if report.rows != sinks["csv"].results:
        found.append(f"{report.rows} rows of {sinks['csv'].results}")
    found += [f"{name} grew" for name in growth(report.warm, report.end)]
    slope = report.memory_slope_mib_per_hour
    return found + ([f"memory grew by {slope:g} MiB an hour"] if slope >= 1.0 else [])


def main(
    frames: int = 2_000_000, model: str = "digits", out: Path = Path("soak-frames.json")
) -> None:
    """Run it, print and write what it showed; fail if something grew or was left behind."""
    soak(model, 300, kill_every_s=0.7, good_s=0.3)  # opens what stays open
    let_names_grow()
    before = sample(0.0)
    report = soak(model, frames)
    after = sample(0.0)
    text = report.to_json(indent=1)
    out.write_text(text)
    print(text)
    if found := [*complaints(report), *(f"{name} left behind" for name in growth(before, after))]:
        raise SystemExit("; ".join(found))


if __name__ == "__main__":
    keep_freed_memory()  # as the command does
    share_one_heap()
    typer.run(main)
