"""Fuzzing with model files that say anything of themselves, and whose digests fit.

    python tests/fuzz_contracts.py [--mutants 20000] [--seed 0] [--workers 1]

Spec, card and golden frames of shipped models are changed and the digest is renewed, as a hostile
maker would; each mutant then goes through what `inspect`, `run`, `bench` and the live page do with
it. Every 50th is new to the machine, and its graph is changed too: it is opened in a child process
first. A mutant must be refused or work: exit code 70, more than 10 s or 1 GiB are findings.
`--only NUMBER` judges one again, in this process.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_workers
from commands import run_here
from contract_mutants import Texts, mutate
from mutants import structural

import edgecnn.cli
from edgecnn.cli.options import Format, show, table
from edgecnn.errors import EdgeError
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.first_opening import remember
from edgecnn.inference.inspect import describe_model, report_rows
from edgecnn.model import digest
from edgecnn.model.model_file import ModelFile, read_model
from edgecnn.model.shipped import shipped_model
from edgecnn.web.hub import Hub
from edgecnn.web.state import facts_json, state_json

NAMES = ("digits", "objects-small")
KEYS = {"spec": digest.SPEC_KEY, "card": digest.CARD_KEY, "golden": digest.GOLDEN_KEY}
NEW_EVERY = 50
SLOW_SECONDS, MOST_MIB = 10.0, 1024
ADDRESS_SPACE = 2**33
ALLOWED = {0: "done", 2: "wrong usage", 4: "refused"}
"""Exit codes that a mutant may have; `bench` calls a file without golden frames wrong usage."""


@dataclass
class Base:
    """A shipped model, taken apart."""

    model: onnx.ModelProto
    texts: Texts


def base_of(name: str) -> Base:
    """Return a shipped model by name."""
    path = shipped_model(name)
    assert path is not None
    model = onnx.load_from_string(path.read_bytes())
    values = {entry.key: entry.value for entry in model.metadata_props}
    return Base(model, {record: values[key] for record, key in KEYS.items()})


def mutant_of(base: Base, random: np.random.Generator, *, graph_too: bool) -> bytes:
    """Return a file that says something else, with a digest that fits."""
    texts = mutate(base.texts, random)
    model = onnx.ModelProto()
    model.CopyFrom(base.model)
    for entry in model.metadata_props:
        if entry.key == digest.DIGEST_KEY:
            entry.value = digest.NO_DIGEST
        elif entry.key == digest.CONTRACT_KEY:
            entry.value = str(random.choice(["1", "1", "1", "2", "3"]))
        for record, key in KEYS.items():
            if entry.key == key:
                entry.value = texts[record]
    data: bytes = model.SerializeToString(deterministic=True)
    data = structural(data, random) if graph_too else data
    start = data.rfind(digest.NO_DIGEST.encode())
    return data[:start] + digest._digest(data, start).encode() + data[start + 64 :]


def judge(number: int, seed: int, bases: list[Base], folder: Path) -> str:
    """Make and use one mutant; return what happened, beginning with `!` if it must not happen."""
    random = np.random.default_rng([seed, number])
    is_new = number % NEW_EVERY == 0
    path = folder / "mutant.onnx"
    path.write_bytes(mutant_of(bases[number // 2 % 2], random, graph_too=is_new))
    before, before_mib = _used(), _peak_mib()
    try:
        outcome = ", ".join(_uses(path, is_new=is_new))
    except EdgeError as error:
        outcome = f"!{type(error).__name__} where nothing was refused: {error.what[:200]}"
    except Exception as error:
        outcome = f"!{type(error).__name__}: {str(error)[:200]}"
    seconds, mib = _used() - before, _peak_mib()
    if seconds > SLOW_SECONDS or mib > max(before_mib, MOST_MIB):  # a peak may be inherited
        return f"!took {seconds:.1f} s, {mib} MiB; {outcome}"
    return outcome


def _uses(path: Path, *, is_new: bool) -> Iterator[str]:
    """Use a file as the commands do; yield each command with how it ended."""
    yield from _command("run", path, "--source", "pattern", "--max-frames", "2") if is_new else ()
    try:
        file = read_model(path)
    except EdgeError as error:
        yield from _command("run", path, "--source", "pattern", "--max-frames", "2")
        yield type(error).__name__
        return
    _inspect(file)
    if not is_new:
        remember(file.digest)  # else each would start a child process
        yield from _command("run", path, "--source", "pattern", "--max-frames", "2")
        yield from _command("bench", path, "--rounds", "10")
        _show_page(path)


def _inspect(file: ModelFile) -> None:
    report, printed = describe_model(file), StringIO()
    with redirect_stdout(printed):
        for form in Format:
            show(report, table(report_rows(report)), form)
    printed.getvalue().encode()


def _command(*words: str | Path) -> Iterator[str]:
    done = run_here(edgecnn.cli.main, "edgecnn", *words)
    (done.stdout + done.stderr).encode()
    if done.returncode not in ALLOWED:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr[-300:]}")
    yield f"{words[0]}: {ALLOWED[done.returncode]}"


def _show_page(path: Path) -> None:
    """Make what the live page tells of a file that opens."""
    try:
        classifier = Classifier(path)
    except EdgeError:
        return
    with classifier:
        json.loads(facts_json(Hub(), classifier))
        json.loads(state_json(Hub(), classifier))


def _used() -> float:
    """Return the processor time of this process and its children, s."""
    return sum(os.times()[:4])


def _peak_mib() -> int:
    """Return the most memory that this process has had, MiB, or one of its children."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) // 1024


def work(seed: int, numbers: range) -> None:
    """Judge mutants; print the number of each, then what happened."""
    with tempfile.TemporaryDirectory() as name:
        _prepare(Path(name))
        bases = [base_of(base) for base in NAMES]
        fuzz_workers.work(
            lambda number: judge(number, seed, bases, Path(name)), numbers, ADDRESS_SPACE
        )
        worst = f"at most {_peak_mib()} MiB"
        print(fuzz_workers.MARK, numbers[-1], worst, flush=True)


def _prepare(folder: Path) -> None:
    """Let what programs leave behind lie in a folder."""
    os.environ["EDGECNN_CACHE"] = str(folder)
    os.chdir(folder)


def main() -> None:
    """Judge the mutants and print what was found; exit code 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", type=int, help="judge one mutant, in this process")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        seed, *numbers = map(int, options.work.split(","))
        work(seed, range(*numbers))
    elif options.only is not None:
        with tempfile.TemporaryDirectory() as name:
            _prepare(Path(name))
            bases = [base_of(base) for base in NAMES]
            print(judge(options.only, options.seed, bases, Path(name)))
    else:
        fuzz_workers.report(Path(__file__), options.mutants, options.seed, options.workers)


if __name__ == "__main__":
    main()
