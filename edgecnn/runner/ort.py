"""ONNX Runtime, or the pip line that brings it. Every module takes `onnxruntime` from here."""

import re
import warnings
from importlib.metadata import PackageNotFoundError, version

from edgecnn.errors import LibraryError

BUILDS = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-openvino",
    "onnxruntime-directml",
    "onnxruntime-qnn",
    "onnxruntime-migraphx",
)
"""Distributions that all install the import name `onnxruntime`, and so break each other."""

TESTED = (1, 32)
"""Below this version edgecnn warns: such files were not tried on it."""


def installed_builds() -> list[str]:
    """Return the ONNX Runtime builds that are installed here."""
    return [name for name in BUILDS if _version(name)]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def check_builds(builds: list[str]) -> None:
    """Raise LibraryError unless exactly one build is installed."""
    if not builds:
        raise LibraryError(
            "no ONNX Runtime is installed",
            remedy='pip install "edgecnn[cpu]" (or [gpu], or [openvino])',
        )
    if len(builds) > 1:
        raise LibraryError(
            f"{len(builds)} ONNX Runtime builds are installed and break each other: "
            f"{', '.join(builds)}",
            remedy=f"pip uninstall -y {' '.join(builds)} && pip install {builds[-1]}",
        )


def warn_if_old(installed: str) -> None:
    """Warn when this ONNX Runtime is older than the oldest one tested."""
    parts = tuple(int(part) for part in re.findall(r"\d+", installed)[:2])
    if parts < TESTED:
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
