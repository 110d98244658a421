"""Work on a stranger's file in a child process: limits first, then the libraries, then the file.

    python -m edgecnn.exporter.adopt.child MODULE FUNCTION FOLDER

The parent writes `model.onnx` and what else the task reads into the folder, and reads its results
there. An error of ours comes back in `error.json`; the parent sees any other end by the exit code.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from edgecnn.errors import EdgeError, ModelError
from edgecnn.exporter.adopt.limits import ProcessLimits, confine

MODEL, LIMITS, ERROR = "model.onnx", "limits.json", "error.json"
FAILED = 4
_KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")
"""Of the environment."""


def run_confined(task: Callable[[Path], None], folder: Path, limits: ProcessLimits) -> None:
    """Run a function of a module on a folder in a child process, and wait for it.

    Raises:
        ModelError: The file is refused, or took too much memory or time.
    """
    (folder / LIMITS).write_text(limits.to_json())
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, task.__module__, task.__name__, str(folder)],
            cwd=folder, env=environment, timeout=limits.clock_seconds, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _refuse(f"took longer than {limits.clock_seconds} s")
    if done.returncode == FAILED:
        told = json.loads((folder / ERROR).read_text())
        raise ModelError(told["what"], remedy=told["remedy"])
    if done.returncode == -signal.SIGXCPU:
        _refuse(f"took longer than {limits.seconds} s of the CPU")
    if done.returncode != 0:
        how = signal.Signals(-done.returncode).name if done.returncode < 0 else done.returncode
        _refuse(f"ended the process that did it ({how}; it had {limits.memory_mib} MiB)")


def _refuse(what: str) -> NoReturn:
    raise ModelError(f"working on the file {what}", remedy="use a smaller or simpler model")


def main(module: str, function: str, folder: Path) -> None:
    """Call one function with the folder; every error is written down."""
    limits = ProcessLimits.from_json((folder / LIMITS).read_text())
    confine(limits)
    try:
        getattr(importlib.import_module(module), function)(folder)
    except EdgeError as error:
        _fail(folder, error)
    except MemoryError:
        _fail(folder, ModelError(
            f"working on the file takes more than {limits.memory_mib} MiB",
            remedy="use a smaller or simpler model",
        ))  # fmt: skip


def _fail(folder: Path, error: EdgeError) -> NoReturn:
    (folder / ERROR).write_text(json.dumps({"what": error.what, "remedy": error.remedy}))
    raise SystemExit(FAILED)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
