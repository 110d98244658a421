"""The pixel contract: what the trainer learns from is what the runner gives to the network.

    python tests/pixel_contract.py [--frames 5000]

Random pictures of odd sizes, gray to BGRA, as views with odd strides. Half of them are written as
PNG and read as the trainer reads a folder, half stay arrays. The runner's bytes are read behind its
session: the model is an echo, whose logits are the frame itself.
"""

import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import typer
from onnx import TensorProto, helper

from edgecnn.data.dataset import Pictures, RawDataset, prepare
from edgecnn.data.picture_files import FileList, PictureFile, read_pictures
from edgecnn.exporter.graph.contract import stamp
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.golden import Golden
from edgecnn.model.spec import Fit, ModelCard, ModelSpec, Shrink
from edgecnn.opencv import encode_png
from edgecnn.sources.capture import open_source

LONGEST = 300
VIEWS: tuple[Callable[[Frame], Frame], ...] = (
    lambda frame: frame,
    lambda frame: frame[:, ::2],
    lambda frame: frame[::3],
    lambda frame: frame[::-1],
    lambda frame: frame[:, ::-1],
    lambda frame: frame[frame.shape[0] // 3 :, frame.shape[1] // 4 :],
    lambda frame: frame.swapaxes(0, 1),
    np.asfortranarray,
    lambda frame: frame[..., ::-1] if frame.ndim == 3 and frame.shape[2] == 3 else frame,
)


def specs() -> list[ModelSpec]:
    """Return small inputs with every rule, gray and colour."""
    rows = product(Fit, Shrink, ((12, 9, 1), (9, 12, 3)))
    return [
        ModelSpec(tuple(map(str, range(h * w * c))), h, w, c, fit, shrink)
        for fit, shrink, (h, w, c) in rows
    ]


def pictures(count: int, seed: int) -> Iterator[Frame]:
    """Yield noise of odd sizes and strides: (H, W), (H, W, 1), BGR or BGRA."""
    random = np.random.default_rng(seed)
    for i in range(count):
        height, width = (int(side) for side in random.integers(1, LONGEST, 2))
        shape = ((height, width), *((height, width, c) for c in (1, 3, 4)))[random.integers(4)]
        yield VIEWS[i % len(VIEWS)](random.integers(0, 256, shape, np.uint8))


def echo(spec: ModelSpec) -> bytes:
    """Return a model file whose logits are its frame's bytes."""
    shape: list[int | str | None] = ["N", len(spec.labels)]
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["frame"], ["flat"], axis=1),
            helper.make_node("Cast", ["flat"], ["logits"], to=TensorProto.FLOAT),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "echo",
        [helper.make_tensor_value_info("frame", TensorProto.UINT8, ["N", *spec.shape])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape)
         for n in ("probabilities", "logits")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    card = ModelCard("echo", Form.FP32, "", "", "", "none", (), 0, {}, {})
    return stamp(model, spec, card, Golden())


def ran(folder: Path, spec: ModelSpec, frames: list[Frame]) -> Frame:
    """Return what the runner gives to the network: (n, height, width, channels)."""
    path = folder / "echo.onnx"
    path.write_bytes(echo(spec))
    with Classifier(path) as classifier:
        return classifier.logits(frames).astype(np.uint8).reshape(-1, *spec.shape)


def learned(paths: list[Path], spec: ModelSpec) -> Frame:
    """Return picture files as a network learns them: (n, height, width, channels)."""
    files = tuple(PictureFile(path, 0) for path in paths)
    raw = read_pictures(FileList("pixels", spec.labels, files, None, None, ()), spec)
    assert isinstance(raw.train.frames, np.ndarray)
    return raw.train.frames


def as_files(folder: Path, spec: ModelSpec, frames: list[Frame]) -> int:
    """Count differing bytes where the trainer and the runner read the same picture files."""
    paths = [folder / f"{i:05}.png" for i in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        path.write_bytes(encode_png(frame))
    with open_source(str(folder)) as source:
        seen = ran(folder, spec, list(source))
    wanted = learned(paths, spec)
    opaque = [i for i, frame in enumerate(frames) if frame.shape[2:] != (4,)]
    as_arrays = ran(folder, spec, [frames[i] for i in opaque])  # as a camera gives them
    return int((seen != wanted).sum()) + int((as_arrays != wanted[opaque]).sum())


def as_arrays(folder: Path, spec: ModelSpec, frames: list[Frame]) -> int:
    """Count differing bytes where both are given the same arrays."""
    labels = np.zeros(len(frames), np.int64)
    part = Pictures(frames, labels)
    raw = RawDataset("arrays", spec.labels, spec.shape, part, part, part)
    wanted = np.asarray(prepare(raw, spec).train.frames)
    return int((ran(folder, spec, frames) != wanted).sum())


def differing_bytes(count: int, seed: int = 0) -> int:
    """Count the bytes in which trainer and runner differ over `count` frames, all rules."""
    total, rules = 0, specs()
    for i, spec in enumerate(rules):
        frames = list(pictures(count // len(rules) + (i < count % len(rules)), seed + i))
        for way, some in ((as_files, frames[::2]), (as_arrays, frames[1::2])):
            with tempfile.TemporaryDirectory() as folder:
                total += way(Path(folder), spec, some)
    return total


def main(frames: int = 5000) -> None:
    """Print the number of differing bytes."""
    print(f"{differing_bytes(frames)} differing bytes over {frames} frames")


if __name__ == "__main__":
    typer.run(main)
