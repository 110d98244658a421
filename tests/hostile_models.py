"""Model files of edgecnn that fit their digests, and take all memory or time that they get."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.graph.contract import stamp
from edgecnn.model.form import Form
from edgecnn.model.golden import Golden
from edgecnn.model.spec import ModelCard, ModelSpec

SPEC = ModelSpec(("a", "b"), 8, 8, 1)
SIDE, PRODUCTS = 1024, 400


def pad_bomb() -> bytes:
    """Pads a frame of 8x8 to 28,008x28,008: 3.1 GB from a file of 1 KiB."""
    nodes = [
        helper.make_node("Pad", ["pixels", "pads"], ["padded"]),
        helper.make_node("ReduceMax", ["padded", "sides"], ["largest"], keepdims=0),
        helper.make_node("MatMul", ["largest", "weights"], ["logits"]),
    ]
    pads = np.array([0, 0, 0, 0, 0, 28_000, 28_000, 0], np.int64)
    sides, weights = np.array([1, 2], np.int64), np.ones((1, 2), np.float32)
    return _file(nodes, {"pads": pads, "sides": sides, "weights": weights})


def endless_products() -> bytes:
    """Multiplies matrices of 1024x1024 for half a minute, from a file of 4 MiB."""
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["row"]),
        helper.make_node("MatMul", ["row", "first"], ["wide"]),
        helper.make_node("Add", ["wide", "square"], ["p0"]),
        *(helper.make_node("MatMul", [f"p{i}", "square"], [f"p{i + 1}"]) for i in range(PRODUCTS)),
        helper.make_node("ReduceMax", [f"p{PRODUCTS}", "rows"], ["largest"], keepdims=1),
        helper.make_node("MatMul", ["largest", "last"], ["logits"]),
    ]
    random = np.random.default_rng(0)
    shapes = {"first": (64, SIDE), "square": (SIDE, SIDE), "last": (SIDE, 2)}
    weights = {name: random.normal(0, 0.01, shape).astype("f4") for name, shape in shapes.items()}
    return _file(nodes, {**weights, "rows": np.array([0], np.int64)})


def written(content: bytes, folder: Path) -> Path:
    """Write a model file."""
    path = folder / "hostile.onnx"
    path.write_bytes(content)
    return path


def _file(nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray]) -> bytes:
    """Return a model file of nodes from `pixels` (N, 8, 8, 1) to `logits` (N, 2)."""
    head = helper.make_node("Cast", ["frame"], ["pixels"], to=TensorProto.FLOAT)
    tail = helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1)
    frame = helper.make_tensor_value_info("frame", TensorProto.UINT8, ["N", *SPEC.shape])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 2])
        for name in ("probabilities", "logits")
    ]
    tensors = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph([head, *nodes, tail], "hostile", [frame], outputs, tensors)
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    card = ModelCard("hostile", Form.FP32, "", "", "{}", "none", (), 1, {}, {})
    return stamp(model, SPEC, card, Golden())
