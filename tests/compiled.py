"""C that is compiled where a test needs a real library."""

import shutil
import subprocess
from pathlib import Path

import pytest


def compile_library(source: Path, target: Path) -> Path:
    """Compile a C file to a shared library, or skip the test with the reason."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    command = [compiler, "-shared", "-fPIC", "-Wall", "-Werror", str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "videodev2.h" in done.stderr and "No such file" in done.stderr:
        pytest.skip("the kernel's headers are not installed")
    assert done.returncode == 0, done.stderr
    return target
