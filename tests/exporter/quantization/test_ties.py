"""Values between two levels are counted, and ranges are chosen so that there are few of them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.adopt.library import open_plain
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, finish
from edgecnn.exporter.quantization.quantize import Choice, quantize, to_image
from edgecnn.exporter.quantization.ties import audit_ties, quantize_without_ties
from edgecnn.inference.ort import onnxruntime
from edgecnn.model.frame import Frame

SIDE, CLASSES = 8, 3


def signed_network() -> onnx.ModelProto:
    """Return a plain graph that normalizes pixels to -1..1 and has a padded first layer."""
    random = np.random.default_rng(0)
    arrays = {
        "two": np.full((1, 1, 1, 1), 2.0), "minus": np.array([-1.0]),
        "w": random.normal(size=(4, 1, 3, 3)), "b": random.normal(size=4),
        "dense": random.normal(size=(CLASSES, 4 * SIDE * SIDE)), "bias": np.zeros(CLASSES),
    }  # fmt: skip
    nodes = [
        helper.make_node("Conv", [IMAGE, "two", "minus"], ["x"], "norm", kernel_shape=[1, 1]),
        helper.make_node("Conv", ["x", "w", "b"], ["y"], "conv", kernel_shape=[3, 3],
                         pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["y"], ["r"], "relu"),
        helper.make_node("Flatten", ["r"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "dense", "bias"], [LOGITS], "gemm", transB=1),
    ]  # fmt: skip
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "signed", [value(IMAGE, TensorProto.FLOAT, ["N", 1, SIDE, SIDE])],
        [value(LOGITS, TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in arrays.items()],
    )  # fmt: skip
    return finish(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)],
                                    ir_version=10))  # fmt: skip


@pytest.fixture(scope="module")
def noise() -> Frame:
    frames = np.random.default_rng(1).integers(0, 256, (64, SIDE, SIDE, 1), np.uint8)
    frames[0, 0, :2, 0] = 0, 255
    return frames


def test_pixels_normalized_to_minus_one_to_one_are_all_ties(noise: Frame) -> None:
    (tied,) = audit_ties(quantize(signed_network(), noise), noise)
    assert (tied.tensor, tied.share) == ("x", 1.0)
    assert tied.values > 1000


def test_a_slightly_wider_range_leaves_no_ties(noise: Frame) -> None:
    quantized = quantize_without_ties(signed_network(), noise, Choice())
    assert audit_ties(quantized, noise) == ()


def test_the_wider_range_costs_less_than_a_level(noise: Frame) -> None:
    tied, free = (f(signed_network(), noise, Choice()) for f in (quantize, quantize_without_ties))
    scales = [
        {numpy_helper.to_array(t).item() for t in model.graph.initializer if t.name == "x_scale"}
        for model in (tied, free)
    ]
    (before,), (after,) = scales
    assert 1.0 < after / before < 1.02


def test_without_ties_optimized_and_plain_execution_give_the_same_logits(noise: Frame) -> None:
    data = quantize_without_ties(signed_network(), noise, Choice()).SerializeToString()
    fused = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rows = [session.run(None, {IMAGE: to_image(noise)})[0] for session in (open_plain(data), fused)]
    assert (rows[0].argmax(1) == rows[1].argmax(1)).all()


def test_a_network_without_a_lattice_keeps_its_ranges(noise: Frame) -> None:
    model = signed_network()
    model.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(np.full((1, 1, 1, 1), 1.7, np.float32), "two")
    )
    assert quantize_without_ties(model, noise, Choice()) == quantize(model, noise)
