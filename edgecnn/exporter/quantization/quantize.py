"""Static int8 quantization of a plain graph, in QDQ form, with ONNX Runtime's own quantizer."""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.calibrate import TensorsData, create_calibrator, save_tensors_data
from onnxruntime.quantization.shape_inference import quant_pre_process

from edgecnn.exporter.graph.contract import SCALE
from edgecnn.exporter.graph.last_layer import with_float_logits
from edgecnn.exporter.graph.plain_graph import IMAGE, finish, strip
from edgecnn.exporter.quantization.targets import PORTABLE_BITS
from edgecnn.model.frame import Frame
from edgecnn.records import Record

CHUNK = 32
"""Frames whose activations are in memory at once."""
BINS = 512
"""Of a histogram that the entropy is sought in; with as many as levels there is nothing to seek."""
PERCENTILE = 99.99

FRAME_LEVELS = {"scale": SCALE, "zero_point": np.array(0, np.uint8)}
"""A frame's levels, whatever the calibration frames hold: ONNX Runtime's convolution takes its bias
to be in steps of its input's scale times its weight's, and wrapping makes that scale 1/255."""


class Method(str, Enum):
    """How the range of an activation follows from what the calibration frames show."""

    MINMAX = "MinMax"
    """From the smallest value to the largest."""
    PERCENTILE = "Percentile"
    """Without the outermost hundredth of a percent."""
    ENTROPY = "Entropy"
    """The range whose histogram differs least from the whole one, by the Kullback-Leibler sum."""


@dataclass(frozen=True)
class Calibration(Record):
    """What the ranges of the activations come from."""

    method: Method = Method.MINMAX
    frames: int = 512
    """Training pictures."""

    def __str__(self) -> str:
        return f"{self.method.value} calibration"


@dataclass(frozen=True)
class Choice(Record):
    """How a graph is quantized."""

    weight_bits: int = PORTABLE_BITS
    calibration: Calibration = field(default_factory=Calibration)
    floats: tuple[str, ...] = ()
    """Nodes that stay float."""
    epochs: int = 0
    """Of fine-tuning in int8."""

    def __str__(self) -> str:
        portable = self.weight_bits == PORTABLE_BITS
        reason = " so that no CPU saturates" if portable else ", for CPUs that do not saturate"
        text = (
            f"static QDQ, U8S8, per channel, {self.weight_bits}-bit weights{reason}, "
            f"{self.calibration}; logits and softmax stay float"
        )
        if self.floats:
            text += f"; {', '.join(self.floats)} stay float"
        return f"{text}; fine-tuned in int8, epochs: {self.epochs}" if self.epochs else text


class Frames(CalibrationDataReader):  # type: ignore[misc]
    """Feeds (n, H, W, C) uint8 frames to the calibrator, one at a time."""

    def __init__(self, frames: Frame) -> None:
        self._frames = iter(frames)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next (1, C, H, W) float image, or None at the end."""
        frame = next(self._frames, None)
        return None if frame is None else {IMAGE: to_image(frame[None])}


def to_image(frames: Frame) -> np.ndarray:
    """Return (n, H, W, C) uint8 frames as the (n, C, H, W) float image of a plain graph."""
    image: np.ndarray = np.ascontiguousarray(frames.transpose(0, 3, 1, 2)).astype(np.float32)
    return image * SCALE


def prepare(core: onnx.ModelProto) -> onnx.ModelProto:
    """Return a plain graph as the quantizer wants it: batch norms folded, shapes inferred."""
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared = Path(folder) / "plain.onnx", Path(folder) / "prepared.onnx"
        onnx.save(core, plain)
        quant_pre_process(str(plain), str(prepared))
        return onnx.load(prepared)


def calibrate(core: onnx.ModelProto, frames: Frame, method: Method) -> TensorsData:
    """Return the range of every activation of a prepared graph on (n, H, W, C) uint8 frames."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "prepared.onnx"
        onnx.save(core, path)
        calibrator = create_calibrator(
            path,
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=_library_method(method),
            extra_options=_histogram(method),
        )
        for start in range(0, len(frames), CHUNK):
            calibrator.collect_data(Frames(frames[start : start + CHUNK]))
        return calibrator.compute_data()


def quantize(
    core: onnx.ModelProto,
    frames: Frame,
    choice: Choice | None = None,
    ranges: TensorsData | None = None,
) -> onnx.ModelProto:
    """Quantize a plain graph to int8.

    Args:
        core: The graph of `export_core`.
        frames: (n, height, width, channels) uint8 training frames to calibrate with.
        choice: How; by default U8S8 with 7-bit weights and MinMax calibration.
        ranges: What `calibrate` found with the choice's method, if it is known.

    Returns:
        The graph in QDQ form; `image` and `logits` are still float.
    """
    choice, prepared = choice or Choice(), prepare(core)
    method = choice.calibration.method
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, quantized, cache = (Path(folder) / n for n in ("source", "quantized", "ranges"))
        onnx.save(prepared, source)
        save_tensors_data(ranges or calibrate(prepared, frames, method), cache)
        quantize_static(
            str(source),
            str(quantized),
            None,
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=choice.weight_bits == PORTABLE_BITS,
            nodes_to_exclude=list(choice.floats),
            calibrate_method=_library_method(method),
            calibration_cache_path=str(cache),
            extra_options={"TensorQuantOverrides": {IMAGE: [FRAME_LEVELS]}},
        )
        model = onnx.load(quantized)
    return finish(strip(with_float_logits(model)))


def _library_method(method: Method) -> CalibrationMethod:
    return CalibrationMethod[method.value]


def _histogram(method: Method) -> dict[str, object]:
    if method is Method.PERCENTILE:
        return {"percentile": PERCENTILE, "symmetric": False}
    return {"num_bins": BINS} if method is Method.ENTROPY else {}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantizer's prints and advice off the screen."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)
