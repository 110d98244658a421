"""Running ONNX graphs on another CPU: in a Python of their own, under qemu."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx

SCRIPT = """
import os, sys
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path[:0] = PATHS
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
answers = {}
with numpy.load(FEEDS) as feeds:
    for name in feeds.files:
        session = onnxruntime.InferenceSession(
            f"{FOLDER}/{name}.onnx", options, providers=["CPUExecutionProvider"])
        given, pictures = session.get_inputs()[0].name, feeds[name]
        answers[name] = numpy.concatenate([
            session.run(["logits"], {given: pictures[i : i + 50]})[0]
            for i in range(0, len(pictures), 50)])
numpy.savez(ANSWERS, **answers)
"""
HERE = [str(Path(sys.executable).resolve())]
NO_QEMU = "qemu-x86_64 is not installed; on Debian: apt-get install qemu-user-static"


def haswell() -> list[str]:
    """Return the command of a Python as on an AVX2 CPU without VNNI; empty without qemu."""
    qemu = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    return [qemu, "-cpu", "Haswell", *HERE] if qemu else []


def run_on(
    python: list[str],
    graphs: dict[str, tuple[onnx.ModelProto, np.ndarray]],
    folder: Path,
    paths: list[str] = sys.path,
) -> dict[str, np.ndarray]:
    """Return the logits of each graph for its pictures, computed by ONNX Runtime.

    Args:
        python: The command that starts a Python with numpy and ONNX Runtime.
        graphs: By a name, a graph with what is fed to its only input.
        folder: For what goes there and comes back.
        paths: Where that Python finds its packages.
    """
    for name, (graph, _) in graphs.items():
        onnx.save(graph, folder / f"{name}.onnx")
    feeds, answers = folder / "feeds.npz", folder / "answers.npz"
    np.savez(feeds, **{name: fed for name, (_, fed) in graphs.items()})  # type: ignore[arg-type]
    files = {"FEEDS": feeds, "FOLDER": folder, "ANSWERS": answers}
    values = {"PATHS": paths, **{name: str(path) for name, path in files.items()}}
    head = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    command = [*python, "-c", head + SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(answers) as found:
        return {name: found[name] for name in found.files}
