"""Work on an untrusted model file, in a child process with limits.

Parent and child exchange files in a temporary folder: the parent writes the task's input there, and
reads its results.
"""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from edgecnn.errors import ChildFailed, ModelError
from edgecnn.inference.isolated import ProcessLimits, isolated

MODEL = "model.onnx"
"""Name of the untrusted file in the folder."""


def limits_for(size: int, *, seconds: int = 60) -> ProcessLimits:
    """Return the limits for work on a file of `size` bytes: 1 GiB plus eight times the file.

    `seconds` is processor time; five times as much may pass on the clock.
    """
    return ProcessLimits(
        clock_seconds=5 * seconds,
        cpu_seconds=seconds,
        memory_mib=1024 + 8 * size // 2**20,
        file_mib=1024,
        secluded=True,
    )


def run_confined(task: Callable[[Path], None], folder: Path, limits: ProcessLimits) -> None:
    """Run a function on a folder in a child process, and wait for it.

    Args:
        task: A function at the top level of a module; called with the folder.
        folder: The task reads its input and writes its results here.
        limits: See `limits_for`.

    Raises:
        ModelError: The task refused the file, crashed, or exceeded a limit.
    """
    try:
        isolated(_work, json.dumps([task.__module__, task.__name__, str(folder)]), limits=limits)
    except ChildFailed as error:
        raise ModelError(
            f"working on the file failed: {error.what}; it had {limits.memory_mib} MiB",
            remedy="use a smaller or simpler model",
        ) from error


def _work(argument: str) -> str:
    """Call the task, in the child: its module, and with it onnx, is imported within the limits."""
    module, function, folder = json.loads(argument)
    getattr(import_module(module), function)(Path(folder))
    return ""
