"""Each operator in torch computes what ONNX Runtime computes, whatever its attributes."""

from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from edgecnn.errors import OptionError
from edgecnn.exporter.graph.execution import open_unfused
from edgecnn.exporter.quantization.torch_operators import OPERATORS, refuse_unknown, run_node

SHAPE = (2, 4, 9, 7)
RANDOM = np.random.default_rng(0)
W, B = RANDOM.normal(size=(6, 4, 3, 3)), RANDOM.normal(size=6)
GROUPED = RANDOM.normal(size=(4, 1, 3, 3))
WINDOW: dict[str, Any] = {"kernel_shape": [3, 3]}

CASES: list[tuple[str, list[np.ndarray], dict[str, Any]]] = [
    ("Conv", [W, B], WINDOW),
    ("Conv", [W], {**WINDOW, "pads": [1, 1, 1, 1], "strides": [2, 2]}),
    ("Conv", [W, B], {**WINDOW, "pads": [0, 0, 1, 1], "strides": [2, 2]}),
    ("Conv", [W, B], {**WINDOW, "pads": [0, 1, 2, 0]}),
    ("Conv", [W, B], {**WINDOW, "dilations": [2, 2], "pads": [2, 2, 2, 2]}),
    ("Conv", [GROUPED], {**WINDOW, "group": 4}),
    ("MaxPool", [], {**WINDOW, "pads": [0, 0, 1, 1], "strides": [2, 2]}),
    ("MaxPool", [], {**WINDOW, "strides": [2, 2], "ceil_mode": 1}),
    ("MaxPool", [], {"kernel_shape": [2, 2], "dilations": [2, 2]}),
    ("AveragePool", [], {**WINDOW, "strides": [2, 2]}),
    ("AveragePool", [], {**WINDOW, "pads": [1, 1, 1, 1]}),
    ("AveragePool", [], {**WINDOW, "pads": [1, 0, 1, 1], "count_include_pad": 1}),
    ("Clip", [np.array(0.0), np.array(0.6)], {}),
    ("Clip", [np.array(-0.5)], {}),
    ("LeakyRelu", [], {"alpha": 0.2}),
    ("PRelu", [RANDOM.normal(size=(4, 1, 1))], {}),
    ("Elu", [], {"alpha": 0.7}),
    ("HardSigmoid", [], {"alpha": 0.3, "beta": 0.4}),
    ("HardSwish", [], {}),
    ("Relu", [], {}),
    ("Sigmoid", [], {}),
    ("Tanh", [], {}),
    ("Identity", [], {}),
    ("GlobalAveragePool", [], {}),
    ("GlobalMaxPool", [], {}),
    ("ReduceMean", [np.array([2, 3])], {"keepdims": 0}),
    ("ReduceMean", [np.array([1])], {}),
    ("ReduceSum", [np.array([3])], {}),
    ("ReduceMax", [np.array([2, 3])], {}),
    ("Reshape", [np.array([0, 4, -1])], {}),
    ("Reshape", [np.array([2, -1])], {}),
    ("Flatten", [], {}),
    ("Pad", [np.array([0, 0, 1, 2, 0, 0, 0, 3])], {}),
    ("Transpose", [], {"perm": [0, 2, 3, 1]}),
    ("MatMul", [RANDOM.normal(size=(7, 5))], {}),
    *((kind, [RANDOM.uniform(0.5, 1.5, size=(4, 1, 1))], {}) for kind in
      ("Add", "Sub", "Mul", "Div")),
]  # fmt: skip


def model_of(
    kind: str, constants: list[np.ndarray], attributes: dict[str, Any], shape: tuple[int, ...]
) -> onnx.ModelProto:
    """Return a model of one node, with an input `x`."""
    names = [f"c{i}" for i in range(len(constants))]
    arrays = [c if c.dtype == np.int64 else c.astype(np.float32) for c in constants]
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *names], ["y"], "node", **attributes)], "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a, n) for a, n in zip(arrays, names, strict=True)],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[2]}")
def test_an_operator_gives_what_onnx_runtime_gives(
    case: tuple[str, list[np.ndarray], dict[str, Any]],
) -> None:
    model = model_of(*case, SHAPE)
    x = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    (expected,) = open_unfused(model.SerializeToString()).run(None, {"x": x})
    constants = [torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer]
    found = run_node(model.graph.node[0], torch.from_numpy(x), *constants)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_a_dense_layer_gives_what_onnx_runtime_gives_either_way_round() -> None:
    x, w, b = (RANDOM.normal(size=s).astype(np.float32) for s in ((2, 5), (3, 5), (3,)))
    for weight, attributes in ((w, {"transB": 1}), (w.T, {"alpha": 0.5, "beta": 2.0})):
        model = model_of("Gemm", [weight, b], attributes, x.shape)
        (expected,) = open_unfused(model.SerializeToString()).run(None, {"x": x})
        tensors = (torch.from_numpy(np.ascontiguousarray(a)) for a in (x, weight, b))
        np.testing.assert_allclose(run_node(model.graph.node[0], *tensors), expected, atol=1e-5)


def test_every_operator_in_the_table_is_tried_here() -> None:
    tried = {kind for kind, _, _ in CASES} | {"Gemm"}
    left = set(OPERATORS) - tried
    assert left <= {"Concat", "Squeeze", "Dropout"}


@pytest.mark.parametrize(
    ("kind", "attributes"), [("Erf", {}), ("Conv", {**WINDOW, "auto_pad": "SAME_UPPER"})]
)
def test_what_torch_lacks_is_refused_by_name(kind: str, attributes: dict[str, Any]) -> None:
    constants = [W] if kind == "Conv" else []
    with pytest.raises(OptionError, match=f"a graph with {kind}"):
        refuse_unknown(model_of(kind, constants, attributes, SHAPE))
