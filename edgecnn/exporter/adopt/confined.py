"""Work on a model file from elsewhere, in a child process with limits and a folder of its own.

The parent writes what the task reads into the folder, and reads its results there.
"""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from edgecnn.errors import ChildFailed, ModelError
from edgecnn.inference.isolated import ProcessLimits, isolated

MODEL = "model.onnx"
"""The file itself, in the folder."""


def limits_for(size: int, *, seconds: int = 60) -> ProcessLimits:
    """Return the limits for work on a file of `size` bytes: 1 GiB and eight times the file."""
    return ProcessLimits(
        clock_seconds=5 * seconds,
        cpu_seconds=seconds,
        memory_mib=1024 + 8 * size // 2**20,
        file_mib=1024,
        secluded=True,
    )


def run_confined(task: Callable[[Path], None], folder: Path, limits: ProcessLimits) -> None:
    """Run a module's function on a folder in a child process, and wait for it.

    Args:
        task: Called with the folder.
        folder: What the task may read and write.
        limits: See `limits_for`.

    Raises:
        ModelError: The file is refused, or working on it crashed or took too much.
    """
    try:
        isolated(_work, json.dumps([task.__module__, task.__name__, str(folder)]), limits=limits)
    except ChildFailed as error:
        raise ModelError(
            f"working on the file failed: {error.what}; it had {limits.memory_mib} MiB",
            remedy="use a smaller or simpler model",
        ) from error


def _work(argument: str) -> str:
    """Call the task, in the child: its module, and with it onnx, is imported under the limits."""
    module, function, folder = json.loads(argument)
    getattr(import_module(module), function)(Path(folder))
    return ""
