"""The saturation audit: where AVX2's product of u8 and s8 passes 16 bits, and answers change.

x86 CPUs without VNNI multiply with `vpmaddubsw`: two neighbouring products of an unsigned and a
signed byte are summed in 16 bits, and what does not fit is cut off. ONNX Runtime's kernels pair the
input channels of one kernel position, the next position following: the order of K below.

Source: ONNX Runtime, `onnxruntime/core/mlas/lib/x86_64/QgemmU8S8KernelAvx2.S`; Intel 64 and IA-32
Architectures Software Developer's Manual, VPMADDUBSW.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from edgecnn.exporter.graph.editing import constants_of, makers_of
from edgecnn.exporter.quantization.activations import (
    MOST_LEVEL,
    Activations,
    activations_of,
)
from edgecnn.model.frame import Frame

LOWEST, HIGHEST = -(2**15), 2**15 - 1


@dataclass(frozen=True)
class SaturatedLayer:
    """One layer in which a pair sum can pass 16 bits."""

    layer: str
    pairs: int
    """Pairs of neighbouring weights of which some activations would pass 16 bits."""
    pairs_in_all: int
    reached: int
    """Pair sums that did pass 16 bits on the frames looked at."""
    sums: int
    """Pair sums computed for those frames."""
    worst: int
    """The pair sum farthest outside, or 0."""


@dataclass(frozen=True)
class Saturation:
    """The audit of a quantized graph."""

    layers: tuple[SaturatedLayer, ...]
    """Those in which a pair can pass 16 bits; none: every CPU computes the same."""
    frames: int

    def __str__(self) -> str:
        if not self.layers:
            return "no pair of weights can pass 16 bits: every CPU computes the same"
        parts = (
            f"{row.layer}: {row.reached:,} of {row.sums:,} sums (worst {row.worst:,})"
            for row in self.layers
        )
        return f"16 bits are passed on CPUs without VNNI, {self.frames} frames: {'; '.join(parts)}"


def audit(quantized: onnx.ModelProto, frames: Frame) -> Saturation:
    """Find every layer in which a pair sum can pass 16 bits, and count where it does.

    Args:
        quantized: The graph of `quantize`.
        frames: (n, H, W, C) uint8 calibration frames.
    """
    suspects = [layer for layer in _layers(quantized) if layer.risky.any()]
    values = activations_of(quantized, frames) if suspects else {}
    rows = (layer.count(values, len(frames)) for layer in suspects)
    return Saturation(tuple(rows), len(frames))


def _even(rows: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Append a zero column where the number of columns is odd, as the kernels do."""
    return np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))


def can_saturate(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Return for (outputs, K) weights which (outputs, pairs) can pass 16 bits at all."""
    pairs = _even(weights).astype(np.int32).reshape(len(weights), -1, 2)
    highest = MOST_LEVEL * pairs.clip(0).sum(-1)
    lowest = MOST_LEVEL * pairs.clip(None, 0).sum(-1)
    outside: npt.NDArray[np.bool_] = (highest > HIGHEST) | (lowest < LOWEST)
    return outside


@dataclass(frozen=True, eq=False)
class _Group:
    """One group of a layer: which inputs meet which weights."""

    weights: npt.NDArray[np.int8]
    """(outputs, K)"""
    channels: slice
    """Of the input."""


@dataclass(frozen=True, eq=False)
class _Layer:
    node: onnx.NodeProto
    groups: list[_Group]
    source: str
    """The dequantized input."""
    scale: float
    zero: int
    shape: tuple[int, ...]
    """Of the input, without the batch."""

    @property
    def risky(self) -> npt.NDArray[np.bool_]:
        return np.concatenate([can_saturate(group.weights) for group in self.groups])

    def count(self, values: Activations, frames: int) -> SaturatedLayer:
        floats = np.concatenate([part.ravel() for part in values[self.source]])
        levels = (np.rint(floats / self.scale) + self.zero).clip(0, MOST_LEVEL).astype(np.uint8)
        images = levels.reshape(frames, *self.shape)
        reached, sums, worst = 0, 0, 0
        for group in self.groups:
            for image in images:
                rows = self._rows(image, group)
                sums += len(rows) * can_saturate(group.weights).size
                for outside in _outside(rows, group.weights):
                    reached += len(outside)
                    worst = max([worst, *map(int, outside)], key=abs)
        return SaturatedLayer(
            self.node.name, int(self.risky.sum()), self.risky.size, reached, sums, worst
        )

    def _rows(self, image: npt.NDArray[np.uint8], group: _Group) -> npt.NDArray[np.uint8]:
        """Return the (m, K) levels that meet a group's weights."""
        if self.node.op_type != "Conv":
            return image.reshape(1, -1)
        return patches(image[group.channels], self.node, self.zero)


def _outside(
    rows: npt.NDArray[np.uint8], weights: npt.NDArray[np.int8]
) -> Iterator[npt.NDArray[np.int32]]:
    """Yield the pair sums outside 16 bits, one pair of columns after the other."""
    a = _even(rows).astype(np.int32).reshape(len(rows), -1, 2)
    w = _even(weights).astype(np.int32).reshape(len(weights), -1, 2)
    risky = can_saturate(weights)
    for pair in np.flatnonzero(risky.any(0)):
        sums = a[:, pair] @ w[risky[:, pair], pair].T
        yield sums[(sums < LOWEST) | (sums > HIGHEST)]


def patches(image: npt.NDArray[np.uint8], node: onnx.NodeProto, zero: int) -> npt.NDArray[np.uint8]:
    """Return the (m, K) patches of a (C, H, W) image under a Conv, K in the kernels' order."""
    numbers = {a.name: list(a.ints) for a in node.attribute}
    height, width = numbers["kernel_shape"]
    down, right = numbers.get("dilations", [1, 1])
    top, left, bottom, end = numbers.get("pads", [0] * 4)
    step_y, step_x = numbers.get("strides", [1, 1])
    padded = np.pad(image, ((0, 0), (top, bottom), (left, end)), constant_values=zero)
    window = ((height - 1) * down + 1, (width - 1) * right + 1)
    views = np.lib.stride_tricks.sliding_window_view(padded, window, (1, 2))
    views = views[:, ::step_y, ::step_x, ::down, ::right]  # (C, out h, out w, kernel h, kernel w)
    rows: npt.NDArray[np.uint8] = views.transpose(1, 2, 3, 4, 0).reshape(
        -1, height * width * len(image)
    )
    return rows


def _layers(quantized: onnx.ModelProto) -> Iterator[_Layer]:
    """Yield every integer Conv and Gemm; a depthwise Conv has another kernel, of 32 bits."""
    constants, makers = constants_of(quantized.graph), makers_of(quantized.graph)
    shapes = {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)[1:]
        for value in [*quantized.graph.value_info, *quantized.graph.input]
    }
    for node in quantized.graph.node:
        if node.op_type not in ("Conv", "Gemm"):
            continue
        source, weight = (makers.get(name) for name in node.input[:2])
        if source is None or weight is None or weight.op_type != "DequantizeLinear":
            continue
        if source.op_type != "DequantizeLinear":
            continue
        groups = list(_groups(node, constants[weight.input[0]].astype(np.int8)))
        scale, zero = (constants[name] for name in source.input[1:3])
        if groups:
            yield _Layer(
                node, groups, node.input[0], float(scale), int(zero), shapes[node.input[0]]
            )


def _groups(node: onnx.NodeProto, weights: npt.NDArray[np.int8]) -> Iterator[_Group]:
    numbers = {a.name: a.i for a in node.attribute}
    if node.op_type == "Gemm":
        rows = weights if numbers.get("transB") else weights.T
        yield _Group(np.ascontiguousarray(rows), slice(None))
        return
    count, inputs = numbers.get("group", 1), weights.shape[1]
    if count > 1 and inputs == 1:
        return
    ordered = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1)  # (outputs, K)
    for i, part in enumerate(np.split(ordered, count)):
        yield _Group(part, slice(i * inputs, (i + 1) * inputs))
