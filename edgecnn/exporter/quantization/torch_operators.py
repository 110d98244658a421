"""ONNX operators in torch, for quantization-aware fine-tuning: each computes what the file does."""

from collections.abc import Callable

import onnx
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from edgecnn.errors import OptionError
from edgecnn.exporter.graph.editing import attribute

QUANTIZATION = ("QuantizeLinear", "DequantizeLinear")


def refuse_unknown(graph: onnx.ModelProto) -> None:
    """Refuse a graph that cannot be fine-tuned, naming the first operator that torch lacks here.

    Raises:
        OptionError: An operator, or one of its attributes, is not in `OPERATORS`.
    """
    for node in graph.graph.node:
        known = node.op_type in OPERATORS or node.op_type in QUANTIZATION
        if not known or attribute(node, "auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise OptionError(
                f"a graph with {node.op_type} ({node.name}) cannot be fine-tuned in int8",
                remedy="leave qat.epochs at 0, or build the network of other layers",
            )


def run_node(node: onnx.NodeProto, *inputs: Tensor | None) -> Tensor:
    """Compute the output of one node.

    Args:
        node: Of an operator in `OPERATORS`.
        inputs: One for each of its inputs; None for one that is left out.
    """
    return OPERATORS[node.op_type](node, *inputs)


def _conv(node: onnx.NodeProto, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    strides, groups = attribute(node, "strides", [1, 1]), attribute(node, "group", 1)
    dilations = attribute(node, "dilations", [1, 1])
    return F.conv2d(_padded(node, x), weight, bias, strides, 0, dilations, groups)


def _padded(node: onnx.NodeProto, x: Tensor, value: float = 0.0) -> Tensor:
    """Pad rows and columns; torch's own padding is the same at both ends, ONNX's need not be."""
    top, left, bottom, right = attribute(node, "pads", [0] * 4)
    if top == left == bottom == right == 0:
        return x
    return F.pad(x, (left, right, top, bottom), value=value)


def _max_pool(node: onnx.NodeProto, x: Tensor) -> Tensor:
    kernel, strides = attribute(node, "kernel_shape", None), attribute(node, "strides", [1, 1])
    dilations = attribute(node, "dilations", [1, 1])
    is_ceiling = bool(attribute(node, "ceil_mode", 0))
    x = _padded(node, x, -torch.inf)
    return F.max_pool2d(x, kernel, strides, 0, dilations, is_ceiling)


def _average_pool(node: onnx.NodeProto, x: Tensor) -> Tensor:
    """Average windows; unless `count_include_pad` is set, a window counts its real pixels alone."""
    kernel, strides = attribute(node, "kernel_shape", None), attribute(node, "strides", [1, 1])
    is_ceiling = bool(attribute(node, "ceil_mode", 0))

    def sums(pixels: Tensor) -> Tensor:
        padded = _padded(node, pixels)
        return F.avg_pool2d(padded, kernel, strides, 0, is_ceiling, divisor_override=1)

    ones = torch.ones_like(x[:1, :1])
    if attribute(node, "count_include_pad", 0):
        return F.avg_pool2d(_padded(node, x), kernel, strides, 0, is_ceiling)
    return sums(x) / sums(ones)


def _gemm(node: onnx.NodeProto, a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    left = a.T if attribute(node, "transA", 0) else a
    right = b.T if attribute(node, "transB", 0) else b
    product = attribute(node, "alpha", 1.0) * (left @ right)
    biased: Tensor = product if bias is None else product + attribute(node, "beta", 1.0) * bias
    return biased


def _clip(
    node: onnx.NodeProto, x: Tensor, low: Tensor | None = None, high: Tensor | None = None
) -> Tensor:
    least = attribute(node, "min", None) if low is None else low.item()
    most = attribute(node, "max", None) if high is None else high.item()
    return torch.clamp(x, least, most)


def _axes(node: onnx.NodeProto, axes: Tensor | None) -> list[int]:
    found = attribute(node, "axes", None) if axes is None else axes.tolist()
    return [int(axis) for axis in found] if found is not None else []


def _reduce(
    function: Callable[..., Tensor],
) -> Callable[..., Tensor]:
    def reduced(node: onnx.NodeProto, x: Tensor, axes: Tensor | None = None) -> Tensor:
        dims = _axes(node, axes) or list(range(x.ndim))
        return function(x, dims, keepdim=bool(attribute(node, "keepdims", 1)))

    return reduced


def _reshape(node: onnx.NodeProto, x: Tensor, shape: Tensor) -> Tensor:
    """Reshape; the first dimension is the batch, whatever size the graph was exported with."""
    sizes = [int(size) or x.shape[i] for i, size in enumerate(shape.tolist())]
    return x.reshape(x.shape[0], *sizes[1:])


def _pad(
    node: onnx.NodeProto, x: Tensor, pads: Tensor | None = None, value: Tensor | None = None
) -> Tensor:
    numbers = attribute(node, "pads", None) if pads is None else [int(n) for n in pads.tolist()]
    half = len(numbers) // 2
    pairs = [n for i in reversed(range(half)) for n in (numbers[i], numbers[half + i])]
    return F.pad(x, pairs, value=0.0 if value is None else value.item())


def _prelu(_: onnx.NodeProto, x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, slope * x, x)


def _hard_sigmoid(node: onnx.NodeProto, x: Tensor) -> Tensor:
    line: Tensor = attribute(node, "alpha", 0.2) * x + attribute(node, "beta", 0.5)
    return line.clamp(0, 1)


def _squeeze(node: onnx.NodeProto, x: Tensor, axes: Tensor | None = None) -> Tensor:
    dims = [axis % x.ndim for axis in _axes(node, axes)]
    dims = dims or [i for i, size in enumerate(x.shape) if size == 1 and i]
    return x.reshape([size for i, size in enumerate(x.shape) if i not in dims])


OPERATORS: dict[str, Callable[..., Tensor]] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": lambda _, a, b: a @ b,
    "Relu": lambda _, x: F.relu(x),
    "Clip": _clip,
    "LeakyRelu": lambda node, x: F.leaky_relu(x, attribute(node, "alpha", 0.01)),
    "PRelu": _prelu,
    "Elu": lambda node, x: F.elu(x, attribute(node, "alpha", 1.0)),
    "Sigmoid": lambda _, x: torch.sigmoid(x),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda _, x: F.hardswish(x),
    "Tanh": lambda _, x: torch.tanh(x),
    "Add": lambda _, a, b: a + b,
    "Sub": lambda _, a, b: a - b,
    "Mul": lambda _, a, b: a * b,
    "Div": lambda _, a, b: a / b,
    "AveragePool": _average_pool,
    "MaxPool": _max_pool,
    "GlobalAveragePool": lambda _, x: x.mean((2, 3), keepdim=True),
    "GlobalMaxPool": lambda _, x: x.amax((2, 3), keepdim=True),
    "ReduceMean": _reduce(torch.mean),
    "ReduceSum": _reduce(torch.sum),
    "ReduceMax": _reduce(torch.amax),
    "Reshape": _reshape,
    "Flatten": lambda node, x: x.flatten(attribute(node, "axis", 1)),
    "Squeeze": _squeeze,
    "Pad": _pad,
    "Concat": lambda node, *parts: torch.cat(parts, attribute(node, "axis", None)),
    "Transpose": lambda node, x: x.permute(attribute(node, "perm", None)),
    "Identity": lambda _, x: x,
    "Dropout": lambda _, x: x,
}
"""By name; a graph with another operator is refused by `refuse_unknown`."""
