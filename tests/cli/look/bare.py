"""A Python without ONNX Runtime, OpenCV and numpy, which still has typer."""

import os
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import edgecnn

ROOT = Path(edgecnn.__file__).parents[1]
WITHOUT = ("onnxruntime", "numpy", "opencv", "cv2")
BARE = """
import sys
sys.path[:] = {path!r}
sys.argv = ["edgecnn", *{arguments!r}]
from edgecnn.cli import main
main()
"""


def bare_python(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run edgecnn where neither ONNX Runtime nor OpenCV nor numpy is installed."""
    (typer,) = {Path(str(file.locate())).parents[1] for file in files("typer") or ()
                if str(file) == "typer/__init__.py"}  # fmt: skip
    for there in typer.iterdir():
        if not there.name.startswith(WITHOUT):
            (folder / there.name).symlink_to(there)
    library = [entry for entry in sys.path if entry.endswith((".zip", "lib-dynload"))]
    path = [str(ROOT), str(folder), str(Path(os.__file__).parent), *library]
    return subprocess.run(
        [sys.executable, "-S", "-c", BARE.format(path=path, arguments=arguments)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
