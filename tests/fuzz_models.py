"""Fuzzing with broken and hostile model files: none may crash or hang the readers, or be accepted.

    python tests/fuzz_models.py [--mutants 100000] [--seed 0]

Half of the mutants are made through the onnx package (shapes, types, operators, attributes, edges,
paths), half in the raw bytes; half are of a model file of edgecnn, half of external models. Worker
processes with a memory limit read them; each prints the number of a mutant before it reads it, so
that a crash or a hang can be traced. A mutant depends on the seed and its number alone:
`--only NUMBER` reads one again, in this process.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from external_models import as_keras, as_torch, random_network, with_uint8_input
from mutants import raw, structural

from edgecnn.errors import EdgeError
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions, plan_input
from edgecnn.exporter.adopt.read_graph import read
from edgecnn.exporter.graph.contract import stamp, wrap_fp32
from edgecnn.inference.inspect import describe_model, report_rows
from edgecnn.model import digest
from edgecnn.model.form import Form
from edgecnn.model.golden import Golden
from edgecnn.model.graph_check import outline_graph
from edgecnn.model.model_file import parse_model
from edgecnn.model.spec import ModelCard, ModelSpec

SLOW_SECONDS = 2.0
"""Processor time for one mutant, above which it counts as a hang."""
SILENT_SECONDS = 60
"""Seconds on the clock after which a worker that hangs is killed."""
MEMORY = 2**31
LABELS = ("a", "b", "c")
MARK = "mutant"
"""Beginning of a worker's own lines: libraries print too."""


def external_files() -> list[bytes]:
    """Return small external models."""
    network = random_network()
    models = [as_keras(network), as_torch(network, head="Softmax"),
              as_torch(network, batch=1, opset=11), with_uint8_input(network)]  # fmt: skip
    return [model.SerializeToString(deterministic=True) for model in models]


def contract_file() -> bytes:
    """Return a small model file of edgecnn."""
    data = as_keras(random_network()).SerializeToString()
    plan = plan_input(outline_graph(data), ASSUMPTIONS["unit"], len(LABELS))
    core, _ = read(data, plan)
    spec = ModelSpec(LABELS, plan.height, plan.width, plan.channels)
    card = ModelCard("m", Form.FP32, "", "", "{}", "none", (), 1, {}, {"edgecnn": "0"})
    return stamp(wrap_fp32(core, spec), spec, card, Golden())


@dataclass
class Bases:
    """The files that are mutated."""

    external: list[bytes] = field(default_factory=external_files)
    contract: bytes = field(default_factory=contract_file)


def judge(number: int, seed: int, bases: Bases) -> str:
    """Make and read one mutant; return what happened, beginning with `!` if it must not happen."""
    random = np.random.default_rng([seed, number])
    mutate, ours = (structural if number % 2 else raw), number // 2 % 2 == 0
    again = number // 4
    if ours:
        mutant = mutate(bases.contract, random)
        if again % 4 == 0:
            mutant = with_new_digest(mutant)
    else:
        mutant = mutate(bases.external[again % len(bases.external)], random)
    start = time.process_time()
    outcome = _read_ours(mutant, bases.contract, again % 4 == 0) if ours else _read_external(mutant)
    seconds = time.process_time() - start
    return f"!took {seconds:.1f} s" if seconds > SLOW_SECONDS else outcome


def _read_ours(mutant: bytes, original: bytes, has_new_digest: bool) -> str:
    """Read a mutant of a model file as `inspect` does."""
    try:
        report_rows(describe_model(parse_model(mutant, Path("mutant.onnx"))))
    except EdgeError as error:
        return f"ours: {type(error).__name__}"
    except Exception as error:
        return f"!ours: {type(error).__name__}: {str(error)[:200]}"
    if mutant != original and not has_new_digest:
        return "!ours: changed bytes were taken"
    return "ours: with a new digest, and read" if has_new_digest else "ours: unchanged"


def _read_external(mutant: bytes) -> str:
    """Read a mutant of an external model as `adopt` does, with what its child process does."""
    try:
        outline = outline_graph(mutant)
        pixels = any(value.type == "uint8" for value in outline.inputs)
        given = UserOptions() if pixels else ASSUMPTIONS["unit"]
        read(mutant, plan_input(outline, given, len(LABELS)))
    except EdgeError as error:
        return f"external: {type(error).__name__}"
    except MemoryError:
        return "external: out of memory"
    except Exception as error:
        return f"!external: {type(error).__name__}: {str(error)[:200]}"
    return "external: read"


def with_new_digest(mutant: bytes) -> bytes:
    """Give a mutant a digest that fits, as a hostile maker would, where it has a place for it."""
    try:
        found = digest.read_metadata(mutant)
    except EdgeError:
        return mutant
    digits = found.values.get(digest.DIGEST_KEY, "")
    has_room = found.digest_start > 0 and len(digits) == len(digest.NO_DIGEST)
    return digest.with_digest(mutant) if has_room else mutant


def work(seed: int, first: int, end: int, step: int) -> None:
    """Read every `step`th mutant; print its number, then what happened."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bases = Bases()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(first, end, step):
            signal.alarm(SILENT_SECONDS)  # kills this process, wherever it hangs
            print(MARK, number, flush=True)
            print(MARK, number, ascii(judge(number, seed, bases))[1:-1], flush=True)


def run(mutants: int, seed: int, workers: int) -> tuple[Counter[str], list[str]]:
    """Read mutants in worker processes; count what happened, and list what must not happen."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        for counted, found in pool.map(
            lambda first: _watch(seed, first, mutants, workers), range(workers)
        ):
            outcomes.update(counted)
            findings += found
    return outcomes, findings


def _watch(seed: int, first: int, end: int, step: int) -> tuple[Counter[str], list[str]]:
    """Start workers until every `step`th mutant was read."""
    outcomes: Counter[str] = Counter()
    findings: list[str] = []
    while first < end:
        worker = subprocess.Popen(
            [sys.executable, __file__, "--work", f"{seed},{first},{end},{step}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        last, is_done = _follow(worker, outcomes, findings)
        if is_done:
            break
        findings.append(f"{last}: the worker died or hung, exit code {worker.returncode}")
        first = last + step
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


def main() -> None:
    """Read the mutants on every core and print what was found; exit code 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="read one mutant, in this process")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(*map(int, options.work.split(",")))
    elif options.only is not None:
        print(judge(options.only, options.seed, Bases()))
    else:
        _report(options.mutants, options.seed)


def _report(mutants: int, seed: int) -> None:
    start = time.perf_counter()
    outcomes, findings = run(mutants, seed, os.cpu_count() or 1)
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:8,}  {outcome}")
    print(f"{mutants:8,}  mutants of seed {seed} in {time.perf_counter() - start:.0f} s")
    print("\n".join(["nothing must not be" if not findings else "FOUND:", *findings[:50]]))
    raise SystemExit(1 if findings else 0)


if __name__ == "__main__":
    main()
