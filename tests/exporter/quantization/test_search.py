"""How int8 is chosen: the calibration that agrees best, then a ladder that says what it buys."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from clocks import set_clock
from onnx import numpy_helper

from edgecnn.check_result import PASS
from edgecnn.data.dataset import Pictures
from edgecnn.errors import CheckFailed
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.gate.gate import GateLimits
from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.options import Options
from edgecnn.exporter.quantization.calibration_frames import (
    calibration_frames,
    debugged_frames,
    split_training,
)
from edgecnn.exporter.quantization.found_int8 import FoundInt8
from edgecnn.exporter.quantization.int8_report import describe_int8
from edgecnn.exporter.quantization.layer_errors import layer_errors
from edgecnn.exporter.quantization.mixed_precision import worst_layers
from edgecnn.exporter.quantization.quantize import (
    Calibration,
    Choice,
    Method,
    calibrate,
    prepare,
    quantize,
)
from edgecnn.exporter.quantization.search import CALIBRATIONS, find_int8, mean_divergence
from edgecnn.exporter.ship import ExportReport, GateReport, ship
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import read_model

SPREAD = 3e4
ANY = GateLimits(max_drop=100.0, min_agreement=0.0)
WIDE = Options(limits=GateLimits(max_drop=5.0))
"""240 validation pictures tell no drop below 1.3 points."""


def spread(
    candidate: ExportSource, first: str, then: Callable[[np.ndarray], np.ndarray]
) -> ExportSource:
    """Return the same function, one channel of it so large that int8 loses the others.

    `then` picks the weights of the next layer that read the channel.
    """
    core = onnx.ModelProto()
    core.CopyFrom(candidate.core)
    names = [t.name for t in core.graph.initializer if t.name.endswith("weight")]
    following = names[names.index(f"{first}.weight") + 1]
    weights = {name: value.copy() for name, value in constants_of(core.graph).items()}
    weights[f"{first}.weight"][0] *= SPREAD
    weights[f"{first}.bias"][0] *= SPREAD
    part = then(weights[following])
    part /= SPREAD
    for tensor in core.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
    return replace(candidate, core=core)


def found(candidate: ExportSource, limits: GateLimits) -> FoundInt8:
    return find_int8(candidate, 7, limits, lambda _: None)


def test_of_graphs_that_agree_alike_the_one_that_diverges_least_is_kept(
    agreeing: ExportSource,
) -> None:
    perfect = found(agreeing, ANY)
    assert perfect.answers.agreement == 1.0
    assert len(perfect.steps) == len(CALIBRATIONS)
    (kept,) = (step for step in perfect.steps if step.kept)
    assert kept.divergence == min(step.divergence for step in perfect.steps)


def test_the_calibration_that_agrees_best_is_kept(candidate: ExportSource) -> None:
    """A few frames of one class calibrate badly; which method does best is not ours to say."""
    train = candidate.data.train
    blank = Pictures(np.zeros_like(np.asarray(train.frames)), train.labels)
    few = replace(candidate, data=replace(candidate.data, train=blank))
    tried = found(few, ANY).steps
    assert len(tried) == len(CALIBRATIONS)
    (kept,) = (step for step in tried if step.kept)
    assert kept.agreement == max(step.agreement for step in tried)


def test_validation_pictures_choose_nothing(candidate: ExportSource) -> None:
    """A data set whose validation part is noise with wrong labels gets the same int8 graph."""
    validation = candidate.data.validation
    noise = np.random.default_rng(0).integers(0, 256, (len(validation), 28, 28, 1), np.uint8)
    other = replace(candidate.data, validation=Pictures(noise, 9 - validation.labels))
    tight = GateLimits(max_drop=0.0, min_agreement=1.0)
    first, second = (found(replace(candidate, data=d), tight) for d in (candidate.data, other))
    assert first.quantized == second.quantized
    assert first.steps == second.steps


def test_selection_pictures_neither_calibrate_nor_fine_tune(candidate: ExportSource) -> None:
    train = candidate.data.train
    learned, selecting = split_training(train)
    assert len(learned) + len(selecting) == len(train)
    assert len(selecting) == round(len(train) / 5)
    both = [{bytes(f) for f in np.asarray(part.frames)} for part in (learned, selecting)]
    assert len(both[0] & both[1]) <= len(train) - len({bytes(f) for f in np.asarray(train.frames)})


def test_the_divergence_is_zero_for_equal_logits_and_grows_with_the_error() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(50, 10))
    errors = [mean_divergence(logits, logits + s * random.normal(size=(50, 10))) for s in (0, 1, 2)]
    assert errors[0] == pytest.approx(0.0, abs=1e-12)
    assert 0 < errors[1] < errors[2]


@pytest.mark.parametrize("method", Method)
def test_known_ranges_give_the_graph_that_the_frames_give(
    candidate: ExportSource, method: Method
) -> None:
    frames = calibration_frames(candidate.data.train, 40)
    choice = Choice(calibration=Calibration(method, 40))
    ranges = calibrate(prepare(candidate.core), frames, method)
    assert quantize(candidate.core, frames, choice, ranges) == quantize(
        candidate.core, frames, choice
    )


def test_entropy_and_percentile_calibrate_to_narrower_ranges(candidate: ExportSource) -> None:
    frames = calibration_frames(candidate.data.train, 64)
    prepared = prepare(candidate.core)
    highest = {
        method: float(np.max(calibrate(prepared, frames, method)["relu4.out"].range_value[1]))
        for method in Method
    }
    assert highest[Method.PERCENTILE] < highest[Method.MINMAX]
    assert highest[Method.ENTROPY] < highest[Method.MINMAX]


def test_a_huge_spread_of_weights_is_rescued_by_layers_in_float_and_the_card_says_so(
    candidate: ExportSource, tmp_path: Path
) -> None:
    planted = spread(candidate, "conv1", lambda weight: weight[:, 0])
    report = ship(planted, tmp_path, "planted", WIDE, lambda _: None, set_clock(0.8))
    assert report.gates[0].verdict == PASS
    int8 = GateReport.from_json((tmp_path / "gate.json").read_text()).int8
    assert int8
    steps = int8.steps
    assert max(step.agreement for step in steps if "calibration" in step.what) < 0.9
    (rescue,) = (step for step in steps if step.kept and "float" in step.what)
    assert rescue.bought > 10
    assert rescue.agreement >= 0.95
    assert {"conv1", "conv2"} <= set(rescue.what.removesuffix(" in float").split(", "))
    card = read_model(report.files[Form.INT8]).card
    assert "conv2" in card.quantization
    assert "stay float" in card.quantization


def test_what_no_step_rescues_fails_and_every_step_is_in_the_report(
    candidate: ExportSource, tmp_path: Path
) -> None:
    """The last layer stays integer, and fine-tuning keeps the scales of the activations."""
    planted = spread(candidate, "dense1", lambda weight: weight[:, 0])
    with pytest.raises(CheckFailed, match="the gate says FAIL"):
        ship(planted, tmp_path, "planted", WIDE, lambda _: None, set_clock(0.8))
    assert list(tmp_path.glob("*.onnx")) == []
    report = GateReport.from_json((tmp_path / "gate.json").read_text())
    assert report.int8
    tried = " ".join(step.what for step in report.int8.steps)
    for word in ("MinMax", "Percentile", "Entropy", "in float", "fine-tuned in int8, 2 epochs"):
        assert word in tried
    page = (tmp_path / "export.html").read_text()
    assert "fine-tuned in int8, 2 epochs" in page
    assert "int8: FAIL" in page


def test_the_layers_name_the_one_that_loses_and_a_rounding_alone_costs_less(
    candidate: ExportSource,
) -> None:
    planted = spread(candidate, "conv1", lambda weight: weight[:, 0])
    frames = calibration_frames(planted.data.train, 64)
    quantized = quantize(planted.core, frames)
    prepared = prepare(planted.core)
    shown = np.asarray(planted.data.validation.frames[:32])
    rows = {r.layer: r for r in layer_errors(prepared, quantized, shown) if r.kind == "activation"}
    assert rows["relu1"].float_db > 30 > 10 > rows["relu2"].float_db
    assert rows["relu2"].own_db > 30
    assert worst_layers(prepared, tuple(rows.values()))[0] == (
        "conv2", "maxpool1", "relu1", "conv1"
    )  # fmt: skip


def test_calibration_frames_that_lack_a_class_or_the_range_are_reported(
    candidate: ExportSource,
) -> None:
    train, dark = candidate.data.train, np.asarray(candidate.data.train.frames) // 4
    kept = np.flatnonzero(train.labels != 7)
    poor = Pictures(dark, train.labels).take(kept)
    told = describe_int8(found(replace(candidate, data=replace(candidate.data, train=poor)), ANY))
    assert told.coverage.missing == ("7",)
    assert told.coverage.outside > 0.05
    assert "none of 7" in str(told.coverage)


def test_calibration_frames_of_every_class_that_show_the_range_are_reported_too(
    exported: ExportReport,
) -> None:
    report = GateReport.from_json(Path(exported.reports["gate.json"]).read_text())
    assert report.int8
    fair = report.int8.coverage
    assert (fair.missing, fair.classes) == ((), 10)
    assert fair.outside < 0.01


def test_the_same_frames_calibrate_each_time(frames: list[Frame]) -> None:
    pictures = Pictures(np.stack(frames), np.arange(len(frames)))
    first = calibration_frames(pictures, 8)
    assert first.shape[0] == 8
    assert np.array_equal(first, calibration_frames(pictures, 8))
    assert len(calibration_frames(pictures, 999)) == len(frames)


@pytest.mark.parametrize(("side", "count"), [(28, 64), (64, 64), (224, 5), (1024, 1)])
def test_of_large_pictures_fewer_are_looked_at_layer_by_layer(side: int, count: int) -> None:
    pictures = Pictures(np.broadcast_to(np.uint8(0), (70, side, side, 1)), np.zeros(70, np.int64))
    assert len(debugged_frames(pictures)) == count
