"""Finds the installed ONNX Runtime builds, without importing one."""

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
"""Distributions that all install the package `onnxruntime`, so that only one may be installed."""


def installed_builds() -> list[str]:
    """Return the installed ONNX Runtime builds."""
    return [name for name in BUILDS if installed_version(name)]


def installed_version(name: str) -> str:
    """Return the version of an installed distribution; empty if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def check_builds(builds: list[str]) -> None:
    """Raise LibraryError unless exactly one build is installed."""
    if not builds:
        raise LibraryError(
            "no ONNX Runtime is installed",
            remedy="pip install onnxruntime, or another build of it: onnxruntime-gpu, -openvino",
        )
    if len(builds) > 1:
        raise LibraryError(
            f"{len(builds)} ONNX Runtime builds are installed and break each other: "
            f"{', '.join(builds)}",
            remedy=f"pip uninstall -y {' '.join(builds)} && pip install {builds[-1]}",
        )
