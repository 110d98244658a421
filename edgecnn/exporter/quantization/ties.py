"""Rounding ties: values that lie exactly between two quantization levels.

Fused and unfused kernels round a tie differently (onnxruntime#32132), so a tensor full of ties
gives other labels on another CPU or optimization level. A tensor whose values lie on a lattice can
have nothing but ties: pixels that are normalized to -1..1 lie at half levels of the scale 2/255.
A slightly wider range moves the lattice off the middle of the levels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization.calibrate import TensorData, TensorsData

from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.quantization.activations import MOST_LEVEL, activations_of
from edgecnn.exporter.quantization.calibration_frames import chosen
from edgecnn.exporter.quantization.quantize import Choice, calibrate, prepare, quantize
from edgecnn.model.frame import Frame

AUDITED = 4
"""Calibration frames on which ties are counted."""
NEAR = 1e-3
"""Levels: a value so near to the middle of two counts as a tie."""
MANY = 0.05
"""Share of ties of a tensor's values above which its range is widened; by chance it is 0.2 %."""
WIDENINGS = (1 / 254, 1 / 127, 1 / 61)
"""Shares of a range by which it is widened, one after the other: at most a 60th of precision."""


@dataclass(frozen=True)
class TiedTensor:
    """A quantized tensor many of whose values are ties."""

    tensor: str
    ties: int
    values: int
    """Values that were looked at, without those outside the range."""

    @property
    def share(self) -> float:
        """The share of ties, 0 to 1."""
        return self.ties / max(1, self.values)


def quantize_without_ties(
    core: onnx.ModelProto, frames: Frame, choice: Choice, ranges: TensorsData | None = None
) -> onnx.ModelProto:
    """Quantize a plain graph; widen the range of each tensor that would hold many ties.

    Args:
        core: The graph of `export_core`.
        frames: (n, H, W, C) uint8 training frames to calibrate with.
        choice: How the graph is quantized.
        ranges: The result of `calibrate` with the choice's method; None: calibrate here.
    """
    ranges = ranges or calibrate(prepare(core), frames, choice.calibration.method)
    some = frames[chosen(len(frames), AUDITED)]
    quantized, widened = quantize(core, frames, choice, ranges), ranges
    for widening in WIDENINGS:
        tied = [row.tensor for row in audit_ties(quantized, some)]
        if not tied:
            break
        widened = _widened(widened, ranges, tied, widening)
        quantized = quantize(core, frames, choice, widened)
    return quantized


def audit_ties(quantized: onnx.ModelProto, frames: Frame) -> tuple[TiedTensor, ...]:
    """Return the quantized tensors of which more than `MANY` of the values are ties.

    Args:
        quantized: The graph of `quantize`.
        frames: (n, H, W, C) uint8 frames.
    """
    return tuple(row for row in _count_ties(quantized, frames) if row.share > MANY)


def _count_ties(quantized: onnx.ModelProto, frames: Frame) -> Iterator[TiedTensor]:
    constants, values = constants_of(quantized.graph), activations_of(quantized, frames)
    for node in quantized.graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] in values:
            scale, zero = (constants[name].astype(np.float64) for name in node.input[1:3])
            levels = np.concatenate([part.ravel() for part in values[node.input[0]]]) / scale
            inside = levels[(levels + zero > 0) & (levels + zero < MOST_LEVEL)]
            yield TiedTensor(node.input[0], _ties(inside), len(inside))


def _ties(levels: npt.NDArray[np.float64]) -> int:
    return int((np.abs(levels - np.floor(levels) - 0.5) < NEAR).sum())


def _widened(
    before: TensorsData, measured: TensorsData, names: list[str], widening: float
) -> TensorsData:
    """Return ranges in which those of some tensors are wider than they were measured."""

    def wider(name: str) -> TensorData:
        low, high = (
            np.asarray(end * (1 + widening), np.float32) for end in measured[name].range_value
        )
        return TensorData(lowest=low, highest=high)

    rows = {name: wider(name) if name in names else row for name, row in before.items()}
    return TensorsData(before.calibration_method, rows)
