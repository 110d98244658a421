"""An exported graph as a torch network: what the file computes, with gradients."""

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS
from edgecnn.exporter.quantization.targets import FULL_BITS, PORTABLE_BITS, WEIGHT_LEVELS
from edgecnn.exporter.quantization.torch_operators import refuse_unknown, run_node

QUANTIZED = "_quantized"
"""Suffix that ONNX Runtime's quantizer adds to the name of a weight."""


class GraphNetwork(nn.Module):
    """A graph as a torch network: (N, C, H, W) float in 0..1 -> (N, K) logits.

    Args:
        core: The plain graph, whose weights are the parameters.
        graph: The graph to run: `core` after `quantize`, or `core` itself.

    Raises:
        OptionError: The graph has an operator that `torch_operators` lacks.
    """

    def __init__(self, core: onnx.ModelProto, graph: onnx.ModelProto) -> None:
        super().__init__()
        refuse_unknown(graph)
        self._nodes = list(graph.graph.node)
        self._constants = constants_of(graph.graph)
        self._levels = weight_levels(graph)
        weights = _weights_of(core)
        self.names = tuple(weights)
        self.weights = nn.ParameterList(_parameter(values) for values in weights.values())
        self._fixed = {
            name: torch.from_numpy(np.array(value))
            for name, value in self._constants.items()
            if name not in weights
        }

    def forward(self, image: Tensor) -> Tensor:
        """Run the graph node by node: (N, C, H, W) float in 0..1 -> (N, K) logits."""
        values = {IMAGE: image, **self._fixed, **self.learned()}
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
            return self._dequantize(node, values)
        inputs = (values[name] if name else None for name in node.input)
        return run_node(node, *inputs)

    def _fake_quantize(self, node: onnx.NodeProto, x: Tensor) -> Tensor:
        scale, zero = (self._constants[name].item() for name in node.input[1:])
        return torch.fake_quantize_per_tensor_affine(x, scale, int(zero), 0, 255)

    def _dequantize(self, node: onnx.NodeProto, values: dict[str, Tensor]) -> Tensor:
        name = node.input[0].removesuffix(QUANTIZED)
        if name in self.names:
            return self._fake_weight(values[name])
        if node.input[0] not in self._constants:  # after a QuantizeLinear, which returns floats
            return values[node.input[0]]
        levels, scale, zero = (values[name].double() for name in node.input)
        return ((levels - zero) * scale).float()

    def _fake_weight(self, weight: Tensor) -> Tensor:
        """Round a weight to its bits, each output channel with its own scale; a bias stays."""
        if weight.ndim < 2:  # a bias has 32 bits: finer than what it is added to
            return weight
        scale = weight_scale(weight.detach(), self._levels)
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weight, scale, zero, 0, -self._levels, self._levels
        )


def _weights_of(core: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Return the weights and biases of convolutions and dense layers, by name: what is learned."""
    constants = constants_of(core.graph)
    layers = (node for node in core.graph.node if node.op_type in ("Conv", "Gemm"))
    names = dict.fromkeys(name for node in layers for name in node.input[1:] if name in constants)
    return {name: constants[name] for name in names}


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
