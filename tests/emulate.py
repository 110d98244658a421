"""Running ONNX graphs on another CPU: this machine's own, or AVX2 without VNNI under qemu."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

SCRIPT = """
import os, sys
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path[:0] = PATHS
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
with numpy.load(FEEDS) as feeds:
    answers = {}
    for name in feeds.files:
        session = onnxruntime.InferenceSession(
            f"{FOLDER}/{name}.onnx", options, providers=["CPUExecutionProvider"])
        answers[name] = session.run(None, {"image": feeds[name]})[0]
numpy.savez(ANSWERS, **answers)
"""


def haswell() -> list[str]:
    """Return the command that runs a program as on an AVX2 CPU, or skip the test."""
    qemu = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if qemu is None:
        pytest.skip("qemu-x86_64 is not installed; on Debian: apt-get install qemu-user-static")
    return [qemu, "-cpu", "Haswell"]


def run_on(
    cpu: list[str], graphs: dict[str, tuple[onnx.ModelProto, np.ndarray]], folder: Path
) -> dict[str, np.ndarray]:
    """Return the first output of each graph for its `image`, computed by ONNX Runtime."""
    for name, (graph, _) in graphs.items():
        onnx.save(graph, folder / f"{name}.onnx")
    feeds, answers = folder / "feeds.npz", folder / "answers.npz"
    np.savez(feeds, **{name: image for name, (_, image) in graphs.items()})  # type: ignore[arg-type]
    values = {
        "PATHS": sys.path,
        "FEEDS": str(feeds),
        "FOLDER": str(folder),
        "ANSWERS": str(answers),
    }
    head = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    python = str(Path(sys.executable).resolve())
    done = subprocess.run(
        [*cpu, python, "-c", head + SCRIPT],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(answers) as found:
        return {name: found[name] for name in found.files}
