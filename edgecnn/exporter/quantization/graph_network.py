"""An exported graph as a torch network: what the file computes, with gradients."""

from collections.abc import Callable

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.exporter.graph.editing import attribute, constants_of
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS
from edgecnn.exporter.quantization.targets import FULL_BITS, PORTABLE_BITS, WEIGHT_LEVELS

QUANTIZED = "_quantized"
"""Suffix that ONNX Runtime's quantizer adds to the name of a weight."""


class GraphNetwork(nn.Module):
    """A graph as a torch network: (N, C, H, W) float in 0..1 -> (N, K) logits.

    Args:
        core: The plain graph, whose weights are the parameters.
        graph: The graph to run: `core` after `quantize`, or `core` itself.
    """

    def __init__(self, core: onnx.ModelProto, graph: onnx.ModelProto) -> None:
        super().__init__()
        self._nodes = list(graph.graph.node)
        self._constants = constants_of(graph.graph)
        self._levels = weight_levels(graph)
        floats = {n: v for n, v in constants_of(core.graph).items() if v.dtype == np.float32}
        self.names = tuple(floats)
        self.weights = nn.ParameterList(_parameter(values) for values in floats.values())

    def forward(self, image: Tensor) -> Tensor:
        """Run the graph node by node: (N, C, H, W) float in 0..1 -> (N, K) logits."""
        values: dict[str, Tensor] = {IMAGE: image, **self.learned()}
        for node in self._nodes:
            values[node.output[0]] = self._run(node, values)
        return values[LOGITS]

    def learned(self) -> dict[str, Tensor]:
        """Return the parameters by their names in the plain graph."""
        return dict(zip(self.names, self.weights, strict=True))

    def _run(self, node: onnx.NodeProto, values: dict[str, Tensor]) -> Tensor:
        if node.op_type == "QuantizeLinear":
            return self._fake_quantize(node, values[node.input[0]])
        if node.op_type == "DequantizeLinear":
            name = node.input[0].removesuffix(QUANTIZED)
            return self._fake_weight(values[name]) if name in self.names else values[name]
        if node.op_type == "Reshape":
            return values[node.input[0]].flatten(1)
        return OPERATORS[node.op_type](node, *(values[name] for name in node.input if name))

    def _fake_quantize(self, node: onnx.NodeProto, x: Tensor) -> Tensor:
        scale, zero = (self._constants[name].item() for name in node.input[1:])
        return torch.fake_quantize_per_tensor_affine(x, scale, int(zero), 0, 255)

    def _fake_weight(self, weight: Tensor) -> Tensor:
        """Round a weight to its bits, each output channel with its own scale; a bias stays."""
        if weight.ndim < 2:  # a bias has 32 bits: finer than what it is added to
            return weight
        scale = weight_scale(weight.detach(), self._levels)
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weight, scale, zero, 0, -self._levels, self._levels
        )


def _parameter(values: np.ndarray) -> nn.Parameter:
    return nn.Parameter(torch.tensor(np.array(values)))


def weight_levels(graph: onnx.ModelProto) -> int:
    """Return the largest level of a quantized graph's weights: 64 or 127, by its bits."""
    weights = (v for v in constants_of(graph.graph).values() if v.dtype == np.int8)
    portable = WEIGHT_LEVELS[PORTABLE_BITS]
    is_full = any(np.abs(v.astype(int)).max() > portable for v in weights)
    return WEIGHT_LEVELS[FULL_BITS] if is_full else portable


def weight_scale(weight: Tensor, levels: int) -> Tensor:
    """Return the (outputs,) scales of an (outputs, ...) weight, symmetric around 0."""
    largest = weight.flatten(1).abs().amax(1)
    return torch.where(largest > 0, largest, 1.0) / levels


def _conv(node: onnx.NodeProto, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    padding = attribute(node, "pads", [0, 0])[:2]
    strides, groups = attribute(node, "strides", [1, 1]), attribute(node, "group", 1)
    return F.conv2d(x, weight, bias, strides, padding, 1, groups)


def _gemm(_: onnx.NodeProto, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.linear(x, weight, bias)


def _window(node: onnx.NodeProto) -> tuple[list[int], list[int]]:
    """Return the kernel's size and the strides of a pooling layer."""
    return attribute(node, "kernel_shape", None), attribute(node, "strides", [1, 1])


OPERATORS: dict[str, Callable[..., Tensor]] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "Relu": lambda _, x: F.relu(x),
    "Add": lambda _, a, b: a + b,
    "AveragePool": lambda node, x: F.avg_pool2d(x, *_window(node)),
    "MaxPool": lambda node, x: F.max_pool2d(x, *_window(node)),
}
"""The operators in graphs of our networks, besides Reshape and those of quantization."""
