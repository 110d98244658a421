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
from edgecnn.exporter.graph import IMAGE, LOGITS, finish, strip
from edgecnn.frame import Frame

CHOICE = (
    "static QDQ, U8S8, per channel, 7-bit weights so that no CPU saturates, MinMax calibration; "
    "logits and softmax stay float"
)

FRAME_LEVELS = {"scale": SCALE, "zero_point": np.array(0, np.uint8)}
"""A frame's levels, whatever the calibration frames hold: ONNX Runtime's convolution takes its bias
to be in steps of its input's scale times its weight's, and wrapping makes that scale 1/255."""


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
            extra_options={"TensorQuantOverrides": {IMAGE: [FRAME_LEVELS]}},
        )
        model = onnx.load(quantized)
    return finish(strip(_with_float_logits(model)))


def _with_float_logits(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let the last layer write `logits` itself; quantized rows of probabilities miss 1."""
    nodes = model.graph.node
    makers = {output: node for node in nodes for output in node.output}
    dequantizer = makers[LOGITS]
    if dequantizer.op_type != "DequantizeLinear":
        return model
    quantizer = makers[dequantizer.input[0]]
    makers[quantizer.input[0]].output[0] = LOGITS
    nodes.remove(dequantizer)
    nodes.remove(quantizer)
    unused = {*quantizer.input[1:], *dequantizer.input[1:]}
    for tensor in [t for t in model.graph.initializer if t.name in unused]:
        model.graph.initializer.remove(tensor)
    return model
