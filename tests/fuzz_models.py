"""Fuzzing with broken and hostile model files: none may crash or hang the readers, or be accepted.

    python tests/fuzz_models.py [--mutants 100000] [--seed 0]

Half of the mutants are made through the onnx package (shapes, types, operators, attributes, edges,
paths), half in the raw bytes; half are of a model file of edgecnn, half of external models. Worker
processes with a memory limit read them. A mutant depends on the seed and its number alone:
`--only NUMBER` reads one again, in this process. What a file says of itself is changed by
`fuzz_contracts.py`.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_workers
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
MEMORY = 2**31
LABELS = ("a", "b", "c")


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


def work(seed: int, numbers: range) -> None:
    """Read mutants; print the number of each, then what happened."""
    bases = Bases()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        fuzz_workers.work(lambda number: judge(number, seed, bases), numbers, MEMORY)


def main() -> None:
    """Read the mutants on every core and print what was found; exit code 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="read one mutant, in this process")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        seed, *numbers = map(int, options.work.split(","))
        work(seed, range(*numbers))
    elif options.only is not None:
        print(judge(options.only, options.seed, Bases()))
    else:
        fuzz_workers.report(
            Path(__file__), options.mutants, options.seed, workers=os.cpu_count() or 1
        )


if __name__ == "__main__":
    main()
