"""Runs and capture processes that are ended at random moments, again and again.

    PYTHONPATH=tests python tests/soak/soak_ends.py [--signals 200] [--kills 100]

A run is sent SIGTERM or SIGINT at a random moment between its start and its full swing; it must be
out in 2 s. A capture process is killed; it must be replaced. A run is killed; nobody may be left.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import typer
from cameras import forever, http_camera
from processes import children_of, left

from edgecnn.records import Record

LIMIT_S = 2.0
TOGETHER = 3
"""Runs that are ended side by side."""
MAIN = "from edgecnn.__main__ import main; main()"


@dataclass(frozen=True)
class Ends(Record):
    """How often what happened."""

    trials: int
    late: int
    """Ended, but after the limit."""
    wrong: int
    """Ended with another exit code than the signal asks for, or with a traceback."""
    orphans: int
    """Left a process behind."""
    longest_s: float
    """From the signal to the end."""


def start(model: str, url: str) -> "subprocess.Popen[str]":
    """Start a run on a camera."""
    line = [sys.executable, "-c", MAIN, "run", model, "--source", url, "--stall-timeout", "1"]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@dataclass(frozen=True)
class End:
    """How one run ended."""

    seconds: float
    wrong: bool
    orphans: int


def end_one(model: str, url: str, sign: signal.Signals, after_s: float) -> End:
    """Start a run and end it with a signal after a while."""
    run = start(model, url)
    time.sleep(after_s)
    family = children_of(run.pid)
    sent_s = time.monotonic()
    run.send_signal(sign)
    _, errors = run.communicate(timeout=60)
    seconds = time.monotonic() - sent_s
    return End(seconds, is_wrong(run.returncode, errors, sign), left(family, LIMIT_S))


def is_wrong(code: int, errors: str, sign: signal.Signals) -> bool:
    """Tell whether a run ended as it should not; while Python itself starts, it is not ours yet."""
    trace = errors.partition("Traceback")[2]
    ours = any(part in trace for part in ("edgecnn/cli", "edgecnn/runner"))
    return ours if trace else code not in codes_of(sign)


def end_runs(model: str, trials: int, sign: signal.Signals, seed: int = 0) -> Ends:
    """End runs with a signal at random moments, from before the first import to full swing."""
    rng = random.Random(seed)
    moments_s = [rng.uniform(0.0, 2.5) for _ in range(trials)]
    with http_camera(forever) as camera, ThreadPoolExecutor(TOGETHER) as pool:
        ends = list(pool.map(lambda at_s: end_one(model, camera.url, sign, at_s), moments_s))
    return Ends(
        trials,
        sum(end.seconds > LIMIT_S for end in ends),
        sum(end.wrong for end in ends),
        sum(end.orphans for end in ends),
        round(max(end.seconds for end in ends), 3),
    )


def codes_of(sign: signal.Signals) -> tuple[int, ...]:
    """Return the exit codes that are right; before a run listens, a signal ends it by itself."""
    own = {signal.SIGINT: (130,), signal.SIGTERM: (0,)}
    return (*own.get(sign, ()), -sign)


@dataclass(frozen=True)
class Recovered(Record):
    """How often a killed capture process was replaced."""

    trials: int
    recovered: int
    longest_s: float
    """From the kill to the next frame."""


def kill_captures(trials: int) -> Recovered:
    """Kill the capture process of one long-lived source, again and again."""
    from edgecnn.sources.capture import CaptureOptions, open_source
    from edgecnn.sources.live.feed import LiveFeed

    recovered, longest_s = 0, 0.0
    with (
        http_camera(forever) as camera,
        open_source(camera.url, CaptureOptions(on_event=lambda _: None)) as source,
    ):
        shots, feed = source.captured_frames(), source._feeds[0]
        next(shots)
        for _ in range(trials):
            assert isinstance(feed, LiveFeed)
            assert feed._process is not None
            killed_ns, before = time.monotonic_ns(), feed._process.pid
            os.kill(before, signal.SIGKILL)
            shot = next(s for s in shots if s.stamp_ns > killed_ns + 50_000_000)
            recovered += feed._process is not None and feed._process.pid != before
            longest_s = max(longest_s, (shot.stamp_ns - killed_ns) / 1e9)
    return Recovered(trials, recovered, round(longest_s, 3))


def main(model: str = "digits", signals: int = 200, kills: int = 100) -> None:
    """Print how it went; fail if something was late, wrong or left."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background shells have it ignored
    trials: dict[str, Callable[[], Ends | Recovered]] = {
        "SIGTERM": lambda: end_runs(model, signals, signal.SIGTERM),
        "SIGINT": lambda: end_runs(model, signals // 4, signal.SIGINT),
        "kill -9 of the run": lambda: end_runs(model, kills, signal.SIGKILL),
        "kill -9 of the capture process": lambda: kill_captures(kills),
    }
    bad = []
    for name, trial in trials.items():
        result = trial()
        print(f"{name}: {result.to_json()}", flush=True)
        bad += [] if passed(result) else [name]
    if bad:
        raise SystemExit(f"failed: {', '.join(bad)}")


def passed(result: Ends | Recovered) -> bool:
    """Tell whether nothing was late, wrong or left."""
    if isinstance(result, Recovered):
        return result.recovered == result.trials
    return not (result.late or result.wrong or result.orphans)


if __name__ == "__main__":
    typer.run(main)
