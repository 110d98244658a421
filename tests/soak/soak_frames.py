"""Many frames through the whole pipeline while cameras misbehave and processes are killed.

    PYTHONPATH=tests python tests/soak/soak_frames.py [--frames 2000000] [--out soak.json]

Two HTTP cameras stall, hang up, send what is corrupt, black or of another size; a command gives raw
frames, a thousand a second. Their capture processes are killed or stopped every few seconds.
Results go into lines, a register, a ring of pictures and a recording with a quota. Memory,
descriptors, threads and processes of the run are sampled; after a warm-up none may grow.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low

import numpy as np
import typer
from processes import children_of

from edgecnn.records import Record
from edgecnn.runner.capture import CaptureOptions
from edgecnn.runner.classify import Classifier
from edgecnn.runner.connection import Patience
from edgecnn.runner.deliver.delivery import Sink
from edgecnn.runner.deliver.lines import LineSink
from edgecnn.runner.deliver.register import RegisterSink
from edgecnn.runner.deliver.segments import Segments, SegmentSink
from edgecnn.runner.deliver.uncertain import UncertainSink
from edgecnn.runner.run import Run, RunPlan
from edgecnn.runner.smoothing import Smoothing
from edgecnn.runner.tally import RunReport
from edgecnn.runner.watch import WatchOptions

HERE = Path(__file__).parent
WARM_UP = 0.2
"""Share of the run before which growth does not count."""
PATIENCE = Patience(stall_s=1.0, doubt_s=0.02)
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
class Sample(Record):
    """What the run's process holds at one moment."""

    at_s: float
    memory_mib: float
    """Resident."""
    descriptors: int
    threads: int
    processes: int
    """Its children."""


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
    """Of a line through what it held after the warm-up."""
    warm: Sample
    """What was usual in the first quarter after the warm-up."""
    end: Sample
    """What was usual in the last quarter."""
    run: RunReport


@dataclass
class Watching:
    """Samples a process, and kills its children now and then, in a thread."""

    kill_every_s: float
    look_s: float
    seed: int = 0
    spared: list[int] = field(default_factory=list)
    """Children that are not killed."""
    samples: list[Sample] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        rng, start = random.Random(self.seed), time.monotonic()
        next_kill = start + self.kill_every_s
        while not self._over.wait(self.look_s):
            self.samples.append(sample(time.monotonic() - start))
            if time.monotonic() >= next_kill:
                next_kill += self.kill_every_s
                self._kill_one(rng)

    def _kill_one(self, rng: random.Random) -> None:
        children = [pid for pid in children_of() if pid not in self.spared]
        if children:
            sign = rng.choice([signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
            self.killed[sign.name] += 1
            with suppress(ProcessLookupError):
                os.kill(rng.choice(children), sign)


def sample(at_s: float) -> Sample:
    """Look at this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory_mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    return Sample(at_s, memory_mib, descriptors, threading.active_count(), len(children_of()))


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
    watching = Watching(kill_every_s, min(2.0, kill_every_s / 2))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        out = stack.enter_context(Path(os.devnull).open("w"))
        sources = [*stack.enter_context(bad_cameras(2, good_s)), raw_source(folder)]
        watching.spared = children_of()
        capture = CaptureOptions(
            patience=PATIENCE, tell=lambda event: events.update([event.what.value])
        )
        plan = RunPlan(
            sources,
            lambda _: [LineSink(as_json=True, out=out), *sinks_in(folder)],
            WatchOptions(smoothing=Smoothing(2, 3), max_frames=frames, capture=capture),
        )
        classifier = stack.enter_context(Classifier(model))
        stack.enter_context(watching)
        report = Run(classifier, plan)().value
    if report is None:
        raise SystemExit("it did not end in time")
    return summarise(report, dict(events), watching)


def sinks_in(folder: Path) -> list[Sink]:
    """Return a sink of every kind that writes files."""
    return [
        RegisterSink(folder / "register.csv", "soak"),
        UncertainSink(folder / "uncertain", "soak"),
        SegmentSink(Segments(folder / "video", 0.5, 0.02), {}),
    ]


def raw_source(folder: Path) -> str:
    """Return a command that gives raw frames as fast as it can."""
    script = folder / "raw.py"
    script.write_text(RAW)
    return f"exec:64x48:bgr24:{sys.executable} {script}"


def summarise(report: RunReport, events: dict[str, int], watching: Watching) -> SoakReport:
    """Compare what the process held after the warm-up with what it held at the end."""
    samples = watching.samples[int(len(watching.samples) * WARM_UP) :]
    part = max(1, len(samples) // 4)
    slope = np.polyfit([s.at_s for s in samples], [s.memory_mib for s in samples], 1)[0]
    return SoakReport(
        report.frames,
        report.seconds,
        events,
        dict(watching.killed),
        round(float(slope) * 3600, 3),
        usual(samples[:part]),
        usual(samples[-part:]),
        report,
    )


def usual(samples: list[Sample]) -> Sample:
    """Return the median of each: a leak lifts it for ever, a process that is replaced does not."""
    return Sample(
        samples[0].at_s,
        round(median_low(s.memory_mib for s in samples), 2),
        median_low(s.descriptors for s in samples),
        median_low(s.threads for s in samples),
        median_low(s.processes for s in samples),
    )


def growth(first: Sample, then: Sample) -> list[str]:
    """Name what the process holds more of than before."""
    names = ("descriptors", "threads", "processes")
    return [name for name in names if getattr(then, name) > getattr(first, name)]


def main(
    frames: int = 2_000_000, model: str = "digits", out: Path = Path("soak-frames.json")
) -> None:
    """Run it, print and write what it showed; fail if something grew or was left behind."""
    soak(model, 300, kill_every_s=0.7, good_s=0.3)  # opens what stays open
    before = sample(0.0)
    report = soak(model, frames)
    after = sample(0.0)
    text = report.to_json(indent=1)
    out.write_text(text)
    print(text)
    failed = [name for name, told in report.run.sinks.items() if told.failure]
    if failed:
        raise SystemExit(f"ended early: {', '.join(failed)}")
    if left := growth(before, after):
        raise SystemExit(f"left behind: {', '.join(left)}")
    grown = growth(report.warm, report.end)
    if grown or report.memory_slope_mib_per_hour >= 1.0:
        raise SystemExit(f"grew: {', '.join(grown) or 'memory'}")


if __name__ == "__main__":
    typer.run(main)
