"""What a process holds while it runs for long, and its children being killed meanwhile."""

import ctypes
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low

from processes import children_of

from edgecnn.records import Record


@dataclass(frozen=True)
class Sample(Record):
    """What the run's process holds at one moment."""

    at_s: float
    memory_mib: float
    """Resident."""
    in_use_mib: float
    """Allocated by malloc and not freed; without small objects, which Python maps itself."""
    descriptors: int
    threads: int
    processes: int
    """Its children."""


@dataclass
class Watching:
    """Samples a process, then kills one of its children, again and again, in a thread."""

    every_s: float
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
        while not self._over.wait(self.every_s):
            self.samples.append(sample(time.monotonic() - start))
            self._kill_one(rng)

    def _kill_one(self, rng: random.Random) -> None:
        children = [pid for pid in children_of() if pid not in self.spared]
        if len(children) > 1:  # the last one would never get as far as its first frame
            sign = rng.choice([signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
            self.killed[sign.name] += 1
            with suppress(ProcessLookupError):
                os.kill(rng.choice(children), sign)


class _Mallinfo(ctypes.Structure):
    """What mallinfo2(3) returns."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                     "uordblks", "fordblks", "keepcost")
    )  # fmt: skip


def sample(at_s: float) -> Sample:
    """Look at this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory_mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    return Sample(
        at_s, memory_mib, _in_use_mib(), descriptors, threading.active_count(), len(children_of())
    )


def _in_use_mib() -> float:
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo
    info = mallinfo2()
    return float(info.uordblks + info.hblkhd) / 2**20


def usual(samples: list[Sample]) -> Sample:
    """Return the median of each: a leak lifts it for ever, a process that is replaced does not."""
    return Sample(
        samples[0].at_s,
        round(median_low(s.memory_mib for s in samples), 2),
        round(median_low(s.in_use_mib for s in samples), 2),
        median_low(s.descriptors for s in samples),
        median_low(s.threads for s in samples),
        median_low(s.processes for s in samples),
    )


def growth(first: Sample, then: Sample) -> list[str]:
    """Name what the process holds more of than before."""
    names = ("descriptors", "threads", "processes")
    return [name for name in names if getattr(then, name) > getattr(first, name)]
