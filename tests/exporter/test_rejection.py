"""Temperature and threshold: surer or less sure, the same labels, and what it promises is kept."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from clocks import set_clock
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from picture_folders import write_class
from scipy.special import log_softmax, softmax

from edgecnn.data.dataset import Dataset
from edgecnn.errors import OptionError
from edgecnn.exporter.export import export
from edgecnn.exporter.graph.contract import wrap_fp32, wrap_int8
from edgecnn.exporter.graph.plain_graph import LOGITS, export_core
from edgecnn.exporter.options import Options
from edgecnn.exporter.quantization.quantize import quantize
from edgecnn.exporter.rejection import (
    KEEP,
    conformal,
    count_known,
    load_ood,
    made_frames,
    with_rejection,
)
from edgecnn.exporter.ship import ExportReport
from edgecnn.exporter.temperature import HIGHEST, LOWEST, divided, fit_temperature, last_constants
from edgecnn.exporter.verify.known_faults import network_of
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build
from edgecnn.trainer.run_folder import read_run

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


def sure(count: int, least: float = 0.0) -> np.ndarray:
    """Return logits of class 0, from hardly more than the others to much more."""
    return np.pad(np.linspace(least + 0.01, 10, count)[:, None], ((0, 0), (0, 2)))


def rejection(logits: np.ndarray, labels: np.ndarray, keep: float) -> tuple[float, float]:
    """Return the threshold and the ceiling; infinity for none."""
    spec = with_rejection(SPEC, logits, labels, keep)
    return spec.reject_threshold, min(spec.logit_ceiling, default=math.inf)


def test_too_few_pictures_give_neither_threshold_nor_ceiling() -> None:
    assert rejection(sure(18), np.zeros(18, np.int64), 0.95) == (0.0, math.inf)


def test_a_network_that_is_never_right_gives_neither() -> None:
    assert rejection(sure(50), np.ones(50, np.int64), 0.95) == (0.0, math.inf)


def test_who_keeps_everything_gets_neither() -> None:
    assert rejection(sure(5000), np.zeros(5000, np.int64), 1.0) == (0.0, math.inf)


def test_a_threshold_never_reaches_1() -> None:
    assert rejection(100 * sure(5000, 9.0), np.zeros(5000, np.int64), 0.5)[0] < 1.0


def test_threshold_and_ceiling_together_keep_what_was_asked_for() -> None:
    logits = sure(5000)
    spec = with_rejection(SPEC, logits, np.zeros(5000, np.int64), 0.9)
    found = count_known("all", logits, spec)
    assert 0.9 <= found.value <= 0.902
    above = count_known("all", logits[-200:], spec)
    assert above.known == 200 - 49  # the rest of a tenth of the 500 that may be rejected


def test_only_pictures_that_are_right_choose_the_threshold() -> None:
    logits = np.concatenate([sure(400, 5.0), sure(400)])
    labels = np.array([0] * 400 + [1] * 400)
    assert rejection(logits, labels, 0.95) == rejection(logits[:400], labels[:400], 0.95)


def test_frames_that_show_nothing_are_whole_and_the_same_each_time() -> None:
    for name, frames in made_frames(SPEC).items():
        assert frames.shape[1:] == SPEC.shape
        assert frames.dtype == np.uint8
        assert np.array_equal(frames, made_frames(SPEC)[name])
    assert len(np.unique(made_frames(SPEC)["blank"])) == 256


def test_what_reaches_the_threshold_is_counted() -> None:
    logits = np.log([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    found = count_known("test", logits, replace(SPEC, reject_threshold=0.7))
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
    frames = made_frames(SPEC)["noise"]
    graph = quantize(core, frames[:50]) if form == "int8" else core
    wrap = wrap_int8 if form == "int8" else wrap_fp32
    cooler = divided(graph, temperature)
    assert [node.op_type for node in cooler.graph.node] == [n.op_type for n in graph.graph.node]
    before, after = (network_of(wrap(g, SPEC))(frames) for g in (graph, cooler))
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


def test_an_exported_file_knows_what_it_knows_and_says_so_on_its_card(
    exported: ExportReport, digits: tuple[Dataset, ModelSpec]
) -> None:
    models = [read_model(path) for path in exported.files.values()]
    assert len({(m.spec.reject_threshold, m.spec.logit_ceiling) for m in models}) == 1
    assert 0 < models[0].spec.reject_threshold < 1
    data = digits[0]
    for model in models:
        (rejection,) = model.card.rejection
        assert rejection.keep == KEEP
        assert [row.pictures for row in rejection.known] == [
            "right, validation", "right, test", "wrong, test", "noise", "blank",
        ]  # fmt: skip
        with Classifier(model.path) as classifier:
            predictions = classifier(list(data.test.frames))
        right = [p.label == model.spec.labels[i]
                 for p, i in zip(predictions, data.test.labels, strict=True)]  # fmt: skip
        for name, wanted in (("right, test", True), ("wrong, test", False)):
            (row,) = [row for row in rejection.known if row.pictures == name]
            own = [p.known for p, ok in zip(predictions, right, strict=True) if ok is wanted]
            assert (row.known, row.total) == (sum(own), len(own))


def test_what_validation_promised_still_holds_for_int8(exported: ExportReport) -> None:
    (rejection,) = read_model(exported.files[Form.INT8]).card.rejection
    assert rejection.known[0].high >= KEEP


def test_who_asks_for_it_knows_everything_and_sees_what_is_strange(
    run_folder: Path, tmp_path: Path
) -> None:
    write_class(tmp_path / "other" / "a", 20)
    write_class(tmp_path / "other" / "b", 20)
    options = Options(keep=1.0, ood=(str(tmp_path / "other"),))
    report = export(run_folder, tmp_path / "out", options=options, clock=set_clock(0.8))
    model = read_model(report.files[Form.INT8])
    assert (model.spec.reject_threshold, model.spec.logit_ceiling) == (0.0, ())
    (rejection,) = model.card.rejection
    assert report.rejection[Form.INT8] == rejection
    assert all(row.known == row.total for row in rejection.known)
    assert rejection.known[-1].pictures == "other"


def test_pictures_of_the_models_own_classes_are_no_strangers(run_folder: Path) -> None:
    with pytest.raises(OptionError, match="has classes of the model: 0, 1"):
        load_ood(read_run(run_folder).spec, ("digits",))


@pytest.mark.parametrize("keep", [0.0, -1.0, 1.1, math.nan])
def test_a_share_to_keep_that_is_none_is_refused(keep: float) -> None:
    with pytest.raises(OptionError, match="keep is"):
        Options(keep=keep)
