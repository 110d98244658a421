"""Whether model files give the same labels on every CPU: here, on AVX2 without VNNI, elsewhere.

    PYTHONPATH=tests python tests/benchmarks/label_identity.py [MODEL...] [--pictures 500]
        [--on COMMAND --paths DIRS]

By default all shipped models. Gray models see MNIST's test digits, colour models frames of the
videos of EDGECNN_DATA/video. The CPU without VNNI is emulated by qemu (`apt-get install
qemu-user-static`). `--on` is the command of a third machine's Python, such as
"qemu-aarch64-static -cpu cortex-a72 -L ROOT ROOT/usr/bin/python3.11", and `--paths` the folders,
with colons between, where that one finds numpy and onnxruntime.
"""

import os
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import typer
from emulate import NO_QEMU, haswell, run_on

from edgecnn.data.catalog import load_as
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.shipped import shipped_names
from edgecnn.model.spec import ModelSpec
from edgecnn.sources.capture import open_source


def frames_for(spec: ModelSpec, count: int) -> Frame:
    """Return real pictures, fitted: (count, H, W, C)."""
    if spec.channels == 1:
        return np.asarray(load_as("mnist", spec).test.frames[:count])
    found: list[Frame] = []
    for video in sorted(Path(os.environ["EDGECNN_DATA"], "video").glob("*.mp4")):
        with open_source(str(video)) as source:
            every = islice(source, 0, None, 3)
            found += [fit_frame(frame, spec) for frame in islice(every, count - len(found))]
    return np.stack(found)


def main(
    models: Annotated[list[str] | None, typer.Argument()] = None,
    pictures: int = 500,
    on: str = "",
    paths: str = "",
) -> None:
    """Print a row for each model: the share of labels that are the same."""
    pythons = {"AVX2": (haswell(), sys.path)} if haswell() else {}
    if not pythons:
        print(NO_QEMU)
    if on:
        pythons["elsewhere"] = (on.split(), paths.split(":"))
    print(f"{'model':<28} pictures  " + "  ".join(f"{name:>9}" for name in pythons))
    for model in models or shipped_names():
        with Classifier(model) as classifier:
            frames = frames_for(classifier.spec, pictures)
            here = classifier.logits(list(frames)).argmax(1)
            graph = onnx.load_from_string(classifier.model.data)
        shares = []
        for python, folders in pythons.values():
            with tempfile.TemporaryDirectory() as folder:
                given = {"model": (graph, frames)}
                rows = run_on(python, given, Path(folder), folders)["model"]
            shares.append(float((rows.argmax(1) == here).mean()))
        print(f"{Path(model).name:<28} {len(frames):8}  "
              + "  ".join(f"{share:9.2%}" for share in shares), flush=True)  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
