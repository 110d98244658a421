"""The saturation audit: in which layers 16-bit sums overflow on CPUs without VNNI.

x86 CPUs without VNNI multiply with `vpmaddubsw`: it sums two neighbouring products of an unsigned
and a signed byte in 16 bits, and saturates. ONNX Runtime's kernels pair neighbours along K: the
input channels of one kernel position, then those of the next.

Source: ONNX Runtime, `onnxruntime/core/mlas/lib/x86_64/QgemmU8S8KernelAvx2.S`; Intel 64 and IA-32
Architectures Software Developer's Manual, VPMADDUBSW.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from edgecnn.exporter.graph.editing import attribute, constants_of, makers_of
from edgecnn.exporter.quantization.activations import MOST_LEVEL, Activations, activations_of
from edgecnn.model.frame import Frame

LOWEST, HIGHEST = -(2**15), 2**15 - 1


@dataclass(frozen=True)
class SaturatedLayer:
    """One layer in which a pair sum can exceed 16 bits."""

    layer: str
    pairs: int
    """Pairs of neighbouring weights whose sum exceeds 16 bits for some activations."""
    pairs_in_all: int
    reached: int
    """Pair sums that exceeded 16 bits on the audited frames."""
    sums: int
    """Pair sums computed on those frames."""
    worst: int
    """The pair sum farthest outside 16 bits, or 0."""


@dataclass(frozen=True)
class Saturation:
    """The audit of a quantized graph."""

    layers: tuple[SaturatedLayer, ...]
    """Layers in which a pair sum can exceed 16 bits; none: every CPU computes the same."""
    frames: int

    def __str__(self) -> str:
        if not self.layers:
            return "no pair of weights can exceed 16 bits: every CPU computes the same"
        parts = (
            f"{row.layer}: {row.reached:,} of {row.sums:,} sums (worst {row.worst:,})"
            for row in self.layers
        )
        return f"16-bit overflow on CPUs without VNNI, {self.frames} frames: {'; '.join(parts)}"


def audit(quantized: onnx.ModelProto, frames: Frame) -> Saturation:
    """Find every layer in which a pair sum can exceed 16 bits, and count how often it does.

    Args:
        quantized: The graph that `quantize` returned.
        frames: (n, H, W, C) uint8 calibration frames.
    """
    suspects = [layer for layer in _layers(quantized) if layer.risky.any()]
    values = activations_of(quantized, frames) if suspects else {}
    rows = (layer.count(values, len(frames)) for layer in suspects)
    return Saturation(tuple(rows), len(frames))


def _with_even_columns(rows: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Append a zero column where the number of columns is odd, as the kernels do."""
    return np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))


def can_saturate(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Return which pairs of (outputs, K) weights can exceed 16 bits: (outputs, pairs)."""
    pairs = _with_even_columns(weights).astype(np.int32).reshape(len(weights), -1, 2)
    highest = MOST_LEVEL * pairs.clip(0).sum(-1)
    lowest = MOST_LEVEL * pairs.clip(None, 0).sum(-1)
    outside: npt.NDArray[np.bool_] = (highest > HIGHEST) | (lowest < LOWEST)
    return outside


@dataclass(frozen=True, eq=False)
class _Group:
    """One group of a Conv, or a Gemm: its weights, and the input channels they apply to."""

    weights: npt.NDArray[np.int8]
    """(outputs, K)"""
    channels: slice
    """Range of input channels."""


@dataclass(frozen=True, eq=False)
class _Layer:
    """One integer layer and the quantization of its input."""

    node: onnx.NodeProto
    groups: list[_Group]
    source: str
    """Name of its dequantized input."""
    scale: float
    zero: int
    shape: tuple[int, ...]
    """(C, H, W) or (C,) of the input."""

    @property
    def risky(self) -> npt.NDArray[np.bool_]:
        """Return which pairs of weights can exceed 16 bits: (outputs, pairs)."""
        return np.concatenate([can_saturate(group.weights) for group in self.groups])

    def count(self, values: Activations, frames: int) -> SaturatedLayer:
        """Count the pair sums that exceed 16 bits, on the activations of so many frames."""
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
        """Return the (m, K) input levels that a group's weights are multiplied with."""
        if self.node.op_type != "Conv":
            return image.reshape(1, -1)
        return patches(image[group.channels], self.node, self.zero)


def _outside(
    rows: npt.NDArray[np.uint8], weights: npt.NDArray[np.int8]
) -> Iterator[npt.NDArray[np.int32]]:
    """Yield the pair sums of (m, K) levels with (outputs, K) weights that exceed 16 bits."""
    a = _with_even_columns(rows).astype(np.int32).reshape(len(rows), -1, 2)
    w = _with_even_columns(weights).astype(np.int32).reshape(len(weights), -1, 2)
    risky = can_saturate(weights)
    for pair in np.flatnonzero(risky.any(0)):
        sums = a[:, pair] @ w[risky[:, pair], pair].T
        yield sums[(sums < LOWEST) | (sums > HIGHEST)]


def patches(image: npt.NDArray[np.uint8], node: onnx.NodeProto, zero: int) -> npt.NDArray[np.uint8]:
    """Cut an image into the patches that a Conv multiplies with its weights.

    Args:
        image: (C, H, W) uint8 levels.
        node: The Conv.
        zero: The level of zero, which pads.

    Returns:
        (positions, K) levels, K in the order of ONNX Runtime's kernels.
    """
    height, width = attribute(node, "kernel_shape", None)
    dilation_y, dilation_x = attribute(node, "dilations", [1, 1])
    top, left, bottom, right = attribute(node, "pads", [0] * 4)
    stride_y, stride_x = attribute(node, "strides", [1, 1])
    padded = np.pad(image, ((0, 0), (top, bottom), (left, right)), constant_values=zero)
    window = ((height - 1) * dilation_y + 1, (width - 1) * dilation_x + 1)
    views = np.lib.stride_tricks.sliding_window_view(padded, window, (1, 2))
    views = views[:, ::stride_y, ::stride_x, ::dilation_y, ::dilation_x]  # (C, OH, OW, KH, KW)
    rows: npt.NDArray[np.uint8] = views.transpose(1, 2, 3, 4, 0).reshape(
        -1, height * width * len(image)
    )
    return rows


def _layers(quantized: onnx.ModelProto) -> Iterator[_Layer]:
    """Yield every integer Conv and Gemm, except depthwise ones: their kernel sums in 32 bits."""
    constants, makers = constants_of(quantized.graph), makers_of(quantized.graph)
    shapes = {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)[1:]
        for value in [*quantized.graph.value_info, *quantized.graph.input]
    }
    for node in quantized.graph.node:
        if node.op_type not in ("Conv", "Gemm"):
            continue
        inputs = [makers[name] for name in node.input[:2] if name in makers]
        if [maker.op_type for maker in inputs] != ["DequantizeLinear"] * 2:
            continue
        source, weight = inputs
        groups = list(_groups(node, constants[weight.input[0]].astype(np.int8)))
        scale, zero = (constants[name] for name in source.input[1:3])
        if groups:
            yield _Layer(
                node, groups, node.input[0], float(scale), int(zero), shapes[node.input[0]]
            )


def _groups(node: onnx.NodeProto, weights: npt.NDArray[np.int8]) -> Iterator[_Group]:
    """Yield the groups of a layer; none of a depthwise Conv."""
    if node.op_type == "Gemm":
        rows = weights if attribute(node, "transB", 0) else weights.T
        yield _Group(np.ascontiguousarray(rows), slice(None))
        return
    count, inputs = attribute(node, "group", 1), weights.shape[1]
    if count > 1 and inputs == 1:
        return
    ordered = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1)  # (outputs, K)
    for i, part in enumerate(np.split(ordered, count)):
        yield _Group(part, slice(i * inputs, (i + 1) * inputs))
