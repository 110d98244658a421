"""The first opening of a model file on this machine: in a child process, with limits.

A digest shows accidents. Whoever changes a file can renew it, so a file from elsewhere may hold a
graph that takes all memory, or never ends. Its shapes are fixed, so that opening it once, and
classifying its golden frames, shows what every frame takes. Files that passed are remembered by
their digests, in the user's cache folder.
"""

import os
import warnings
from pathlib import Path

import numpy as np

from edgecnn.errors import ChildFailed, EdgeError, ModelError
from edgecnn.inference.isolated import ProcessLimits, isolated
from edgecnn.inference.session import INPUT, LOGITS, PROBABILITIES, open_session
from edgecnn.model import digest
from edgecnn.model.model_file import ModelFile, read_model
from edgecnn.model.shipped import SHIPPED

SECONDS, SECONDS_PER_MIB = 10, 0.25
"""Of the CPU, and more for each MiB of the file."""
CLOCK = 3
"""So many times as many seconds may pass on the clock."""
MEMORY_MIB, MEMORY_PER_MIB = 768, 8
_REMEDY = "use a smaller model; one that you export or adopt on this machine is not limited"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def read_checked(model: str | Path) -> ModelFile:
    """Read a model file; open it in a child process first if this machine does not know it.

    Args:
        model: A path, or the name of a shipped model.

    Raises:
        NotFound, ModelError, SpecError: See `read_model` and `check_first_opening`.
    """
    file = read_model(model)
    check_first_opening(file)
    return file


def check_first_opening(file: ModelFile) -> None:
    """Open a file in a child process, unless it is shipped with edgecnn or was opened here before.

    Whether its golden frames get their logits is left to `Classifier`.

    Raises:
        ModelError: Opening it takes too much memory or time, or ends the process; ONNX Runtime
            cannot load it; or it changes meanwhile.
        SpecError: A golden frame is not a picture of the network's size.
    """
    if _is_known(file):
        return
    limits = limits_of(len(file.data))
    try:
        opened = isolated(open_once, str(file.path), limits=limits, environment=_ONE_THREAD)
    except ChildFailed as error:
        raise ModelError(
            f"{file.path}: its first opening on this machine failed: {error.what}; it had "
            f"{limits.memory_mib} MiB and {limits.cpu_seconds} s of the CPU",
            remedy=_REMEDY,
        ) from error
    if opened != file.digest:
        raise ModelError(f"{file.path} was changed while it was opened", remedy="run again")
    remember(file.digest)


def limits_of(size: int) -> ProcessLimits:
    """Return what the first opening of a file of `size` bytes may take."""
    mib = size // 2**20
    seconds = SECONDS + round(SECONDS_PER_MIB * mib)
    return ProcessLimits(
        clock_seconds=CLOCK * seconds,
        cpu_seconds=seconds,
        memory_mib=MEMORY_MIB + MEMORY_PER_MIB * mib,
        after_imports=True,
    )


def open_once(path: str) -> str:
    """Open a file and classify its golden frames, or one black frame; return its digest.

    Called in the child process.
    """
    file = read_model(path)
    session, _ = open_session(file, provider="cpu", threads=1, batch=1, allow_cpu=True)
    frames = file.golden.frames(file.spec) or [np.zeros(file.spec.shape, np.uint8)]
    try:
        for frame in frames:
            session.run([PROBABILITIES, LOGITS], {INPUT: frame[None]})
    except Exception as error:  # ONNX Runtime raises a dozen types without a common base
        most, reason = limits_of(len(file.data)).memory_mib, " ".join(str(error).split())
        raise ModelError(
            f"{file.path}: ONNX Runtime cannot run it with {most} MiB: {reason}", remedy=_REMEDY
        ) from error
    return file.digest


def remember(*digests: str) -> None:
    """Note files that this machine has opened, or made itself, as known.

    A cache folder that cannot be written is a warning: such files are then checked at each start.
    """
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for text in digests:
            (folder / text).touch()
    except OSError as error:
        warnings.warn(
            f"{folder} cannot be written: {error.strerror}; a model file that is not shipped with "
            "edgecnn is checked at each start; set EDGECNN_CACHE to a writable folder",
            stacklevel=2,
        )


def _is_known(file: ModelFile) -> bool:
    try:
        return (_folder() / file.digest).exists() or _is_shipped(file)
    except OSError:  # the folder may not be read
        return _is_shipped(file)


def _is_shipped(file: ModelFile) -> bool:
    """Tell whether a file is one of edgecnn's own, wherever it lies."""
    shipped = SHIPPED / "models"
    if file.path.parent == shipped:
        return True
    return any(_digest_of(path) == file.digest for path in shipped.glob("*.onnx"))


def _digest_of(path: Path) -> str:
    try:
        return digest.read_metadata(path.read_bytes()).values.get(digest.DIGEST_KEY, "")
    except (EdgeError, OSError):  # a damaged file of ours vouches for nothing
        return ""


def _folder() -> Path:
    """Return where digests are remembered: where platformdirs would, which is not needed here."""
    given, cache = os.environ.get("EDGECNN_CACHE"), os.environ.get("XDG_CACHE_HOME", "")
    if given:
        return Path(given) / "opened"
    home = Path(cache if cache.startswith("/") else os.path.expanduser("~/.cache"))  # noqa: PTH111
    return home / "edgecnn" / "opened" if home.is_absolute() else Path(os.devnull, "no home folder")
