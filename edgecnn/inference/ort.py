"""Imports ONNX Runtime, or says how to install it. Other modules import `onnxruntime` from here."""

import re
import warnings

from edgecnn.errors import LibraryError
from edgecnn.inference.builds import check_builds, installed_builds

TESTED = (1, 32)
"""The oldest version that edgecnn was tested with."""


def is_old(installed: str) -> bool:
    """Return whether a version of ONNX Runtime is older than the oldest one tested."""
    return tuple(int(part) for part in re.findall(r"\d+", installed)[:2]) < TESTED


def warn_if_old(installed: str) -> None:
    """Warn if a version of ONNX Runtime is older than the oldest one tested."""
    if is_old(installed):
        warnings.warn(
            f"onnxruntime {installed} is older than {'.'.join(map(str, TESTED))}, the oldest "
            "version edgecnn was tested with; pip install --upgrade onnxruntime",
            stacklevel=2,
        )


check_builds(installed_builds())
try:
    import onnxruntime as onnxruntime
except ImportError as error:
    raise LibraryError(
        f"ONNX Runtime cannot be imported: {error}",
        remedy="pip install --force-reinstall " + installed_builds()[0],
    ) from error
warn_if_old(onnxruntime.__version__)
