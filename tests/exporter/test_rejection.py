"""Temperature and threshold: surer or less sure, the same labels, and what it promises is kept."""

import math
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from scipy.special import log_softmax, softmax

from edgecnn.exporter.contract import wrap_fp32, wrap_int8
from edgecnn.exporter.graph import LOGITS, export_core
from edgecnn.exporter.mistakes import answer_of
from edgecnn.exporter.quantize import quantize
from edgecnn.exporter.rejection import choose_threshold, conformal, count_known, strange_frames
from edgecnn.exporter.temperature import HIGHEST, LOWEST, divided, fit_temperature, last_constants
from edgecnn.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build

SPEC = ModelSpec(labels=("a", "b", "c"), height=28, width=28, channels=1)


def sampled(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, and labels drawn from exactly the probabilities that they give."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (count, 4))
    draws = random.random((count, 1))
    labels = (softmax(logits, axis=1).cumsum(1) < draws).sum(1).clip(0, 3)
    return logits, labels


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
def test_the_temperature_that_was_put_in_is_found(true: float) -> None:
    logits, labels = sampled(20_000)
    assert fit_temperature(logits * true, labels) == pytest.approx(true, rel=0.05)


def test_the_temperature_found_has_the_least_cross_entropy() -> None:
    logits, labels = sampled(2000)
    logits = logits * 2.5
    found = fit_temperature(logits, labels)

    def loss(temperature: float) -> float:
        rows = log_softmax(logits / temperature, axis=1)
        return float(-rows[np.arange(len(labels)), labels].mean())

    assert loss(found) <= min(loss(t) for t in np.geomspace(LOWEST, HIGHEST, 200)) + 1e-4


@pytest.mark.parametrize("count", [1, 5, 240, 10_000])
def test_a_network_without_a_mistake_is_not_made_infinitely_sure(count: int) -> None:
    labels = np.arange(count) % 4
    logits = np.eye(4)[labels] * 8
    confidence = softmax(logits / fit_temperature(logits, labels), axis=1).max()
    assert confidence == pytest.approx((count + 1) / (count + 2), abs=0.01)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 400), st.floats(0.0, 1.0), st.integers(0, 99))
def test_the_threshold_keeps_the_share_that_it_promises(n: int, keep: float, seed: int) -> None:
    scores = np.random.default_rng(seed).random(n)
    threshold = conformal(scores, keep)
    below = (scores < threshold).sum()
    assert below <= (n + 1) * (1 - keep)
    if keep < 1 and math.isfinite(threshold):
        assert (scores <= threshold).sum() + 1 > (n + 1) * (1 - keep) - 1e-6


def test_new_pictures_are_kept_as_often_as_promised() -> None:
    random = np.random.default_rng(0)
    kept = [random.random() >= conformal(random.random(30), 0.9) for _ in range(4000)]
    assert np.mean(kept) == pytest.approx(28 / 31, abs=0.02)  # k = 3 of 31 gaps


def test_too_few_pictures_give_no_threshold() -> None:
    assert choose_threshold(np.eye(3)[[0, 1, 2]] * 0.9, np.arange(3), 0.95) == 0.0


def test_a_network_that_is_never_right_gives_no_threshold() -> None:
    assert choose_threshold(np.eye(3)[np.zeros(50, int)], np.ones(50, np.int64), 0.95) == 0.0


def test_a_threshold_never_reaches_1() -> None:
    found = choose_threshold(np.eye(3)[np.zeros(50, int)], np.zeros(50, np.int64), 0.5)
    assert found < 1.0
    assert replace(SPEC, reject_threshold=found).reject_threshold == found


def test_only_pictures_that_are_right_choose_the_threshold() -> None:
    sure, unsure = [0.9, 0.1, 0.0], [0.5, 0.4, 0.1]
    probabilities = np.array([sure] * 40 + [unsure] * 40)
    labels = np.array([0] * 40 + [1] * 40)
    assert choose_threshold(probabilities, labels, 0.95) == 0.9


def test_frames_that_show_nothing_are_whole_and_the_same_each_time() -> None:
    for name, frames in strange_frames(SPEC).items():
        assert frames.shape[1:] == SPEC.shape
        assert frames.dtype == np.uint8
        assert np.array_equal(frames, strange_frames(SPEC)[name])
    assert len(np.unique(strange_frames(SPEC)["blank"])) == 256


def test_what_reaches_the_threshold_is_counted() -> None:
    logits = np.log([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    found = count_known("int8", "test", logits, 0.7)
    assert (found.known, found.total) == (2, 3)
    assert found.low < found.value < found.high


ARCHITECTURES = {
    "article": Architecture(widths=(4, 6, 8), dense=8),
    "edge": Architecture("edge", widths=(6, 8), depths=(1, 1), stride=2),
    "resnet8": Architecture("resnet8"),
}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def core(request: pytest.FixtureRequest) -> onnx.ModelProto:
    torch.manual_seed(0)
    network = build(ARCHITECTURES[request.param], SPEC.shape, len(SPEC.labels))
    for parameter in network.parameters():
        if parameter.ndim == 1:
            torch.nn.init.uniform_(parameter, 0.1, 0.5)
    return export_core(network, SPEC)


@pytest.mark.parametrize("form", ["fp32", "int8"])
@pytest.mark.parametrize("temperature", [0.3, 2.5])
def test_divided_logits_are_divided_and_no_node_is_added(
    core: onnx.ModelProto, form: str, temperature: float
) -> None:
    frames = strange_frames(SPEC)["noise"]
    graph = quantize(core, frames[:50]) if form == "int8" else core
    wrap = wrap_int8 if form == "int8" else wrap_fp32
    cooler = divided(graph, temperature)
    assert [node.op_type for node in cooler.graph.node] == [n.op_type for n in graph.graph.node]
    before, after = (answer_of(wrap(g, SPEC))(frames) for g in (graph, cooler))
    np.testing.assert_allclose(after, before / temperature, rtol=1e-4, atol=1e-5)
    assert np.array_equal(after.argmax(1), before.argmax(1))
    assert LOGITS in {value.name for value in cooler.graph.output}


def last_layer(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    constants = [numpy_helper.from_array(np.ones(n, np.float32), name)
                 for name, n in (("w", (4, 3)), ("b", (3,)))]  # fmt: skip
    graph = helper.make_graph(
        list(nodes), "last", [value("image", onnx.TensorProto.FLOAT, ["N", 4])],
        [value("logits", onnx.TensorProto.FLOAT, ["N", 3])], constants,
    )  # fmt: skip
    return helper.make_model(graph)


def test_a_product_and_a_sum_are_a_dense_layer_too() -> None:
    graph = last_layer(
        helper.make_node("MatMul", ["image", "w"], ["x"]),
        helper.make_node("Add", ["b", "x"], ["logits"]),
    )
    assert last_constants(graph) == {"w", "b"}


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(
            [helper.make_node("MatMul", ["image", "w"], ["x"]),
             helper.make_node("Relu", ["x"], ["logits"])], id="Relu",
        ),
        pytest.param(
            [helper.make_node("MatMul", ["image", "w"], ["logits"]),
             helper.make_node("Relu", ["w"], ["y"])], id="a weight that is used twice",
        ),
        pytest.param(
            [helper.make_node("MatMul", ["image", "w"], ["x"]),
             helper.make_node("Add", ["x", "y"], ["logits"]),
             helper.make_node("Mul", ["x", "w"], ["y"])], id="not linear",
        ),
    ],
)  # fmt: skip
def test_logits_of_another_making_are_not_divided(nodes: list[onnx.NodeProto]) -> None:
    assert last_constants(last_layer(*nodes)) == set()
