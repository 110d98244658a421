"""An exported graph as a torch network: what the file computes, with gradients."""

from collections.abc import Callable

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS
from edgecnn.exporter.quantization.targets import FULL_BITS, PORTABLE_BITS, WEIGHT_LEVELS

QUANTIZED = "_quantized"
"""What ONNX Runtime's quantizer adds to the name of a weight."""


class GraphNetwork(nn.Module):
    """A graph as a torch network: (n, c, h, w) in 0..1 -> (n, classes) logits.

    Args:
        core: The plain graph, whose weights are learned.
        graph: What to run: the same graph from `quantize`, or the plain graph itself.
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
        """Run the graph node by node."""
        values: dict[str, Tensor] = {IMAGE: image, **self.learned()}
        for node in self._nodes:
            values[node.output[0]] = self._run(node, values)
        return values[LOGITS]

    def learned(self) -> dict[str, Tensor]:
        """Return the weights by their names in the plain graph."""
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
        """Round a weight to its bits, each output channel with its own scale; biases stay."""
        if weight.ndim < 2:  # 32 bits: finer than anything they are added to
            return weight
        scale = weight_scale(weight.detach(), self._levels)
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weight, scale, zero, 0, -self._levels, self._levels
        )


def _parameter(values: np.ndarray) -> nn.Parameter:
    return nn.Parameter(torch.tensor(np.array(values)))


def weight_levels(graph: onnx.ModelProto) -> int:
    """Return the largest level of a quantized graph's weights: one of each channel has it."""
    found = (
        np.abs(v.astype(int)).max()
        for v in constants_of(graph.graph).values()
        if v.dtype == np.int8
    )
    most = WEIGHT_LEVELS[PORTABLE_BITS]
    return WEIGHT_LEVELS[FULL_BITS] if max(found, default=most) > most else most


def weight_scale(weight: Tensor, levels: int) -> Tensor:
    """Return the (outputs,) scales of a weight, symmetric around 0."""
    largest = weight.flatten(1).abs().amax(1)
    return torch.where(largest > 0, largest, 1.0) / levels


def _conv(node: onnx.NodeProto, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    top, left = _numbers(node, "pads", 0)[:2]
    (groups,) = _numbers(node, "group", 1)[:1]
    return F.conv2d(x, weight, bias, _numbers(node, "strides", 1), (top, left), 1, groups)


def _gemm(_: onnx.NodeProto, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.linear(x, weight, bias)


def _average_pool(node: onnx.NodeProto, x: Tensor) -> Tensor:
    return F.avg_pool2d(x, _numbers(node, "kernel_shape", 1), _numbers(node, "strides", 1))


def _max_pool(node: onnx.NodeProto, x: Tensor) -> Tensor:
    return F.max_pool2d(x, _numbers(node, "kernel_shape", 1), _numbers(node, "strides", 1))


def _numbers(node: onnx.NodeProto, name: str, default: int) -> list[int]:
    """Return an attribute's whole numbers, or its default for each side."""
    for attribute in node.attribute:
        if attribute.name == name:
            return list(attribute.ints) or [attribute.i]
    return [default] * 4 if name == "pads" else [default] * 2


OPERATORS: dict[str, Callable[..., Tensor]] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "Relu": lambda _, x: F.relu(x),
    "Add": lambda _, a, b: a + b,
    "AveragePool": _average_pool,
    "MaxPool": _max_pool,
}
"""What the graphs of our networks are made of."""
