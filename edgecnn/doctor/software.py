"""Checks of Python and of installed packages, without importing them."""

import platform
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor.finding import Finding, Place
from edgecnn.inference.builds import check_builds, installed_builds, installed_version
from edgecnn.text import pip_line

_EXTRAS = {
    "train": ("torch", "onnx", "onnxscript", "jinja2", "matplotlib", "safetensors", "sklearn"),
    "web": ("starlette", "uvicorn"),
}
_OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


def check_python(place: Place) -> Iterator[Finding]:
    """Check the version of Python, and that it is 64-bit."""
    version = f"{platform.python_version()} on {platform.machine()}"
    if sys.maxsize < 2**32:
        remedy = "install a 64-bit system: ONNX Runtime has no 32-bit packages"
        yield Finding("Python", FAIL, f"{version} is 32-bit", remedy)
    elif sys.version_info < (3, 11):
        yield Finding("Python", OK, f"{version}; training needs 3.11")
    else:
        yield Finding("Python", OK, version)


def check_packages(place: Place) -> Iterator[Finding]:
    """Check for installed packages that conflict with each other."""
    check_builds(installed_builds())
    found = [name for name in _OPENCV if installed_version(name)]
    if len(found) > 1:
        remedy = f"pip uninstall -y {' '.join(found)} && pip install opencv-python"
        yield Finding("packages", WARN, f"{' and '.join(found)} overwrite each other", remedy)
    else:
        names = [*installed_builds(), *found, "numpy"]
        words = (f"{name} {installed_version(name) or 'is missing'}" for name in names)
        yield Finding("packages", OK, ", ".join(words))


def check_extras(place: Place) -> Iterator[Finding]:
    """Report which extras are installed; a device needs none."""
    for extra, modules in _EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        words = f"not installed: {pip_line(extra)}" if missing else "installed"
        if missing and len(missing) < len(modules):
            words = f"without {', '.join(missing)}: {words}"
        yield Finding(f"[{extra}]", OK, words)
