"""Worker processes of the fuzzers: each reads mutants by their numbers, and may crash or hang.

A worker prints the number of a mutant before it reads it, so that a crash or a hang can be traced,
and then the outcome, which begins with `!` if it must not happen.
"""

import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SILENT_SECONDS = 60
"""Seconds on the clock after which a worker that hangs is killed."""
MARK = "mutant"
"""Beginning of a worker's own lines: libraries print too."""

Found = tuple[Counter[str], list[str]]
"""How often each outcome was seen, and what must not happen."""


def work(judge: Callable[[int], str], numbers: range, memory: int) -> None:
    """Judge mutants by number within so many bytes of address space; print what happened."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in numbers:
        signal.alarm(SILENT_SECONDS)  # kills this process, wherever it hangs
        print(MARK, number, flush=True)
        print(MARK, number, ascii(judge(number))[1:-1], flush=True)


def run(script: Path, mutants: int, seed: int, workers: int) -> Found:
    """Read mutants in worker processes: `script --work SEED,FIRST,END,STEP` calls `work`."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        for counted, found in pool.map(
            lambda first: _watch(script, seed, range(first, mutants, workers)), range(workers)
        ):
            outcomes.update(counted)
            findings += found
    return outcomes, findings


def report(script: Path, mutants: int, seed: int, workers: int) -> None:
    """Read mutants and print what was found; exit code 1 if anything must not be."""
    start = time.perf_counter()
    outcomes, findings = run(script, mutants, seed, workers)
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:8,}  {outcome}")
    print(f"{mutants:8,}  mutants of seed {seed} in {time.perf_counter() - start:.0f} s")
    print("\n".join(["nothing must not be" if not findings else "FOUND:", *findings[:50]]))
    raise SystemExit(1 if findings else 0)


def _watch(script: Path, seed: int, numbers: range) -> Found:
    """Start workers until every mutant was read."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    while numbers:
        words = f"{seed},{numbers.start},{numbers.stop},{numbers.step}"
        worker = subprocess.Popen(
            [sys.executable, str(script), "--work", words],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        last, is_done = _follow(worker, outcomes, findings)
        if is_done:
            break
        findings.append(f"{last}: the worker died or hung, exit code {worker.returncode}")
        numbers = range(last + numbers.step, numbers.stop, numbers.step)
    return outcomes, findings


def _follow(
    worker: "subprocess.Popen[str]", outcomes: Counter[str], findings: list[str]
) -> tuple[int, bool]:
    """Follow a worker to its end; return its last mutant, and whether it did all."""
    assert worker.stdout is not None
    last = -1
    with worker.stdout as lines:
        for line in lines:
            mark, _, rest = line.strip().partition(" ")
            if mark != MARK:
                continue
            number, _, outcome = rest.partition(" ")
            last = int(number)
            if outcome.startswith("!"):
                findings.append(f"{last}: {outcome}")
            if outcome:
                outcomes["must not be" if outcome.startswith("!") else outcome] += 1
    code = worker.wait()
    if last < 0:
        raise SystemExit(f"a worker did not start, exit code {code}")
    return last, code == 0
