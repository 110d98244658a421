"""What a graph costs: the multiply-adds of each layer."""

import math

import onnx


def count_macs(model: onnx.ModelProto) -> dict[str, int]:
    """Return the multiply-adds of each Conv, Gemm and MatMul for one frame, by node name.

    The model's shapes must have been inferred; the batch dimension counts as 1.
    """
    shapes = _shapes(model.graph)
    macs: dict[str, int] = {}
    for node in model.graph.node:
        if node.op_type == "Conv":
            weight = shapes[node.input[1]]  # (out, in / groups, kernel height, kernel width)
            pixels = math.prod(shapes[node.output[0]][2:])
            macs[node.name] = pixels * math.prod(weight)
        elif node.op_type in ("Gemm", "MatMul"):
            macs[node.name] = math.prod(shapes[node.input[1]])
    return macs


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor by name, 1 for an open dimension."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.output, *graph.value_info]:
        dims = value.type.tensor_type.shape.dim
        shapes[value.name] = tuple(dim.dim_value or 1 for dim in dims)
    return shapes
