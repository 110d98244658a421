"""Static int8 quantization of a plain graph, in QDQ form, with ONNX Runtime's own quantizer.

U8S8, per channel, with 7-bit weights: on x86 CPUs without VNNI the product of two neighbouring
uint8 x int8 pairs is summed in 16 bits and saturates; with 7-bit weights it cannot, so every CPU
gives the same answer. Source: the docstring of `onnxruntime.quantization.quantize_static`.
"""

import tempfile
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
from onnxruntime.quantization.shape_inference import quant_pre_process

from edgecnn.exporter.contract import SCALE
from edgecnn.exporter.graph import IMAGE, finish, strip
from edgecnn.exporter.last_layer import with_float_logits
from edgecnn.frame import Frame

CHOICE = (
    "static QDQ, U8S8, per channel, 7-bit weights so that no CPU saturates, MinMax calibration; "
    "logits and softmax stay float"
)


class _Frames(CalibrationDataReader):  # type: ignore[misc]
    """Feeds (n, H, W, C) uint8 frames to the calibrator, one at a time."""

    def __init__(self, frames: Frame) -> None:
        self._frames = iter(frames)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next (1, C, H, W) float image, or None at the end."""
        frame = next(self._frames, None)
        if frame is None:
            return None
        return {IMAGE: frame.transpose(2, 0, 1)[None].astype(np.float32) * SCALE}


def quantize(core: onnx.ModelProto, frames: Frame) -> onnx.ModelProto:
    """Quantize a plain graph to int8.

    Args:
        core: The graph of `export_core`.
        frames: (n, height, width, channels) uint8 training frames to calibrate with.

    Returns:
        The graph in QDQ form; `image` and `logits` are still float.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, quantized = (Path(folder) / f"{i}.onnx" for i in range(3))
        onnx.save(core, plain)
        quant_pre_process(str(plain), str(prepared))
        quantize_static(
            str(prepared),
            str(quantized),
            _Frames(frames),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            calibrate_method=CalibrationMethod.MinMax,
        )
        model = onnx.load(quantized)
    return finish(strip(with_float_logits(model)))
