"""Two ONNX graphs timed in turns, in a process without torch, as on a device.

    python tests/benchmarks/race.py FIRST.onnx SECOND.onnx FEEDS.npz

FEEDS holds `first` and `second`: what is fed to each graph's only input. Prints the time of the
second over the first's as JSON. Where torch is loaded beside it, ONNX Runtime's int8 takes up to a
quarter longer in some processes; a device has none.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgecnn.bench.clock import Ratio, ratio, time_rounds

REPEATS, ROUNDS, WARMUP = 4, 400, 30


def race(graphs: tuple[bytes, bytes], feeds: tuple[np.ndarray, np.ndarray]) -> Ratio:
    """Return the second graph's time over the first's, measured in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("first.onnx", "second.onnx")]
        for path, graph in zip(paths, graphs, strict=True):
            path.write_bytes(graph)
        fed = Path(folder) / "feeds.npz"
        np.savez(fed, first=feeds[0], second=feeds[1])
        command = [sys.executable, __file__, *map(str, paths), str(fed)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return Ratio.from_json(done.stdout)


def caller(graph: str, feed: np.ndarray) -> Callable[[], object]:
    """Return a call that runs a graph on one thread, REPEATS times."""
    from edgecnn.inference.ort import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_free_dimension_override_by_name("N", 1)
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    fed = {session.get_inputs()[0].name: feed}

    def call() -> None:
        for _ in range(REPEATS):
            session.run(["logits"], fed)

    return call


def main(first: str, second: str, feeds: str) -> None:
    """Time both and print the ratio."""
    with np.load(feeds) as fed:
        calls = [caller(first, fed["first"]), caller(second, fed["second"])]
    time_rounds(calls, WARMUP)
    first_ns, second_ns = time_rounds(calls, ROUNDS)
    print(ratio(first_ns, second_ns).to_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
