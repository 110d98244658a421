"""A model file can be used without edgecnn: the example of export/README.md does what we do."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame
from edgecnn.model.shipped import shipped_model
from edgecnn.opencv import cv2, decode_picture, encode_png

README = Path(__file__).parents[1] / "export" / "README.md"
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
SHAPES = {"camera": (240, 320, 3), "tall and gray": (97, 61), "tiny": (9, 50, 3)}


def run_example(model: Path, picture: Path) -> tuple[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", EXAMPLE, model, picture],
        cwd=picture.parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    label, _, probabilities = done.stdout.partition("[")
    return label.strip(), json.loads("[" + probabilities)


def test_the_example_is_short_and_imports_nothing_of_ours() -> None:
    assert "edgecnn" not in re.sub(r'"edgecnn\.spec"', "", EXAMPLE)
    assert len(EXAMPLE.splitlines()) < 35


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", ["digits", "objects"])
def test_the_example_gives_the_classifiers_probabilities_to_the_last_bit(
    tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    model = shipped_model(name)
    assert model is not None
    same_as_ours(model, tmp_path, cv2.GaussianBlur(noise, (5, 5), 3))


def test_the_example_knows_and_does_not_know_what_we_do(
    int8: Path, tmp_path: Path, frames: list[Frame]
) -> None:
    blank = np.zeros_like(frames[0])
    labels = {same_as_ours(int8, tmp_path, frame) for frame in [*frames[:4], blank]}
    assert "not known" in labels
    assert labels & set("0123456789")


def same_as_ours(model: Path, folder: Path, frame: Frame) -> str:
    """Compare the example with `Classifier`; return what it calls the frame."""
    path = folder / "picture.png"
    path.write_bytes(encode_png(frame))
    label, probabilities = run_example(model, path)
    read = decode_picture(path.read_bytes())
    assert read is not None
    with Classifier(model) as classify:
        prediction = classify(read)
    assert probabilities == prediction.probabilities.tolist()
    assert label == (prediction.label if prediction.known else "not known")
    return label
