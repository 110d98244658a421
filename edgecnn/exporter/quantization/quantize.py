"""Static int8 quantization of a plain graph, in QDQ form, with ONNX Runtime's own quantizer.

An int8 recipe is a `Choice`: to add a way of calibrating, add a `Method`; to let `export` try it,
add a `Calibration` to `CALIBRATIONS` in `search.py`. A new number format of a file is a `Form`.
"""

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

from edgecnn.exhaustive import assert_never
from edgecnn.exporter.graph.contract import SCALE
from edgecnn.exporter.graph.last_layer import with_float_logits
from edgecnn.exporter.graph.plain_graph import IMAGE, finish, strip
from edgecnn.exporter.quantization.targets import PORTABLE_BITS
from edgecnn.model.frame import Frame
from edgecnn.records import Record

CHUNK = 32
"""Frames whose activations are in memory at once."""
BINS = 512
"""Bins of the histogram for `Method.ENTROPY`: more than the 256 levels, or every range is equal."""
PERCENTILE = 99.99

FRAME_LEVELS = {"scale": SCALE, "zero_point": np.array(0, np.uint8)}
"""Quantization of `image`, whatever the calibration frames hold: ONNX Runtime's convolution takes
its bias to be in steps of input scale times weight scale, and `wrap_int8` sets the former."""


class Method(str, Enum):
    """How the range of an activation is computed from its values on the calibration frames."""

    MINMAX = "MinMax"  # the values are the names of ONNX Runtime's `CalibrationMethod`
    """From the smallest value to the largest."""
    PERCENTILE = "Percentile"
    """Without the outermost 0.01 percent of the values."""
    ENTROPY = "Entropy"
    """The range whose histogram has the least Kullback-Leibler divergence from the full one."""


@dataclass(frozen=True)
class Calibration(Record):
    """How the ranges of the activations are calibrated."""

    method: Method = Method.MINMAX
    frames: int = 512
    """Number of training pictures."""

    def __str__(self) -> str:
        return f"{self.method.value} calibration"


@dataclass(frozen=True)
class Choice(Record):
    """How a graph is quantized."""

    weight_bits: int = PORTABLE_BITS
    calibration: Calibration = field(default_factory=Calibration)
    floats: tuple[str, ...] = ()
    """Names of nodes that stay float (mixed precision)."""
    epochs: int = 0
    """Epochs of quantization-aware fine-tuning."""

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
    """Feeds (n, H, W, C) uint8 frames to ONNX Runtime's calibrator, one at a time."""

    def __init__(self, frames: Frame) -> None:
        self._frames = iter(frames)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next (1, C, H, W) float image, or None at the end."""
        frame = next(self._frames, None)
        return None if frame is None else {IMAGE: to_image(frame[None])}


def to_image(frames: Frame) -> np.ndarray:
    """Return (n, H, W, C) uint8 frames as the (n, C, H, W) float image in 0..1 of a plain graph."""
    image: np.ndarray = np.ascontiguousarray(frames.transpose(0, 3, 1, 2)).astype(np.float32)
    return image * SCALE


def prepare(core: onnx.ModelProto) -> onnx.ModelProto:
    """Return a plain graph as the quantizer needs it: batch norms folded, shapes inferred."""
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared = Path(folder) / "plain.onnx", Path(folder) / "prepared.onnx"
        onnx.save(core, plain)
        quant_pre_process(str(plain), str(prepared))
        return onnx.load(prepared)


def calibrate(core: onnx.ModelProto, frames: Frame, method: Method) -> TensorsData:
    """Find the range of every activation.

    Args:
        core: A plain graph after `prepare`.
        frames: (n, H, W, C) uint8 calibration frames.
        method: How a range follows from the values.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "prepared.onnx"
        onnx.save(core, path)
        calibrator = create_calibrator(
            path,
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=CalibrationMethod[method.value],
            extra_options=_extra_options(method),
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
        frames: (n, H, W, C) uint8 training frames to calibrate with.
        choice: How; by default U8S8 with 7-bit weights and MinMax calibration.
        ranges: The result of `calibrate` with the choice's method; None: calibrate here.

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
            calibrate_method=CalibrationMethod[method.value],
            calibration_cache_path=str(cache),
            extra_options={"TensorQuantOverrides": {IMAGE: [FRAME_LEVELS]}},
        )
        model = onnx.load(quantized)
    return finish(strip(with_float_logits(model)))


def _extra_options(method: Method) -> dict[str, object]:
    """Return the calibrator's options for a method."""
    match method:
        case Method.MINMAX:
            return {}
        case Method.PERCENTILE:
            return {"percentile": PERCENTILE, "symmetric": False}
        case Method.ENTROPY:
            return {"num_bins": BINS}
        case _:
            assert_never(method)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress what the quantizer prints and advises."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)
