"""The gate judges on figures, and a FAIL leaves nothing that could be shipped."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from clocks import set_clock

from edgecnn.bench.clock import Ratio
from edgecnn.check_result import CANNOT_TELL, FAIL, PASS
from edgecnn.data.dataset import Dataset
from edgecnn.errors import CheckFailed, DataError, NotFound, OptionError
from edgecnn.exporter.export import export
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.gate.gate import (
    Cost,
    GateLimits,
    PairedLabels,
    check_export,
    judge,
    judge_accuracy,
    judge_efficiency,
)
from edgecnn.exporter.options import AUTO, Options, parse_forms
from edgecnn.exporter.ship import ExportReport, GateReport, ship, winner
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.run_folder import METRICS


def cost_of(ratio: Ratio, kib: float, fp32_kib: float) -> Cost:
    return Cost(ratio, ratio, 0.15, kib, fp32_kib)


SLOW = cost_of(Ratio(4.8, 4.7, 4.9, 400), kib=100.0, fp32_kib=370.0)
WRITTEN = {"gate.json", "export.html", "layers.csv"}
QUICK = cost_of(Ratio(0.8, 0.79, 0.81, 400), kib=100.0, fp32_kib=370.0)


def answers(pictures: int, fp32_wrong: int, own_wrong: int) -> PairedLabels:
    """Return answers of which the first so many are wrong."""
    truth = np.arange(pictures) % 10

    def wrong(count: int) -> np.ndarray:
        return np.where(np.arange(pictures) < count, (truth + 1) % 10, truth)

    return PairedLabels(truth, wrong(fp32_wrong), wrong(own_wrong))


@pytest.mark.parametrize(
    ("pictures", "fp32", "own", "verdict", "words"),
    [
        pytest.param(1000, 0, 0, PASS, "loses 0.00 points on 1000", id="all alike"),
        pytest.param(1000, 30, 0, PASS, "loses -3.00 points", id="int8 is better"),
        pytest.param(10_000, 100, 130, PASS, "loses 0.30 points", id="a small drop, well known"),
        pytest.param(1000, 20, 23, CANNOT_TELL, "pictures are needed", id="a small drop"),
        pytest.param(
            240,
            0,
            0,
            CANNOT_TELL,
            "to prove less than 0.5 points 725 pictures are needed",
            id="too few",
        ),
        pytest.param(1000, 20, 40, FAIL, "at least 1.3", id="a large drop"),
    ],
)
def test_accuracy_is_judged_by_the_bounds_of_the_drop(
    pictures: int, fp32: int, own: int, verdict: str, words: str
) -> None:
    found = judge_accuracy(Form.INT8, answers(pictures, fp32, own), GateLimits())
    assert (found.verdict, words in found.reason) == (verdict, True), found.reason


def test_int8_that_disagrees_fails_even_if_it_is_as_accurate() -> None:
    both = answers(1000, 60, 60)
    shuffled = both.truth.copy()
    shuffled[500:560] = (shuffled[500:560] + 1) % 10
    found = judge_accuracy(Form.INT8, PairedLabels(both.truth, both.fp32, shuffled), GateLimits())
    assert found.verdict == FAIL
    assert "int8 agrees with fp32 on 88.00%" in found.reason


def test_the_limits_are_the_users() -> None:
    assert judge_accuracy(Form.INT8, answers(1000, 0, 20), GateLimits(max_drop=4)).verdict == PASS
    assert judge_efficiency(QUICK, GateLimits(max_ratio=0.7)).verdict == FAIL
    assert judge_efficiency(QUICK, GateLimits(max_kib=99)).verdict == FAIL
    assert judge_efficiency(QUICK, GateLimits(max_kib=100)).verdict == PASS


@pytest.mark.parametrize(
    ("low", "high", "kib", "verdict"),
    [
        pytest.param(0.80, 0.90, 300, PASS, id="faster"),
        pytest.param(0.95, 1.05, 300, CANNOT_TELL, id="perhaps faster"),
        pytest.param(1.01, 1.05, 300, FAIL, id="slower, and hardly smaller"),
        pytest.param(1.01, 1.05, 100, PASS, id="hardly slower, and much smaller"),
        pytest.param(1.05, 1.15, 100, CANNOT_TELL, id="perhaps hardly slower"),
        pytest.param(4.70, 4.90, 100, FAIL, id="slow, as dynamic quantization is"),
    ],
)
def test_worth_is_judged_by_the_interval_of_the_ratio(
    low: float, high: float, kib: float, verdict: str
) -> None:
    cost = cost_of(Ratio((low + high) / 2, low, high, 400), kib=kib, fp32_kib=370.0)
    assert judge_efficiency(cost, GateLimits()).verdict == verdict


def test_a_form_is_as_good_as_its_worse_axis_and_says_both_reasons() -> None:
    found = judge(Form.INT8, answers(240, 0, 0), SLOW, GateLimits())
    assert (found.accuracy.verdict, found.efficiency.verdict) == (
        CANNOT_TELL,
        FAIL,
    )
    assert found.verdict == FAIL
    assert found.reason == f"{found.accuracy.reason}; {found.efficiency.reason}"
    assert judge(Form.INT8, answers(240, 0, 0), QUICK, GateLimits()).verdict == CANNOT_TELL
    assert judge(Form.INT8, answers(1000, 0, 0), QUICK, GateLimits()).verdict == PASS


def test_what_the_card_says_holds_no_time_and_no_machine() -> None:
    facts = [
        judge(Form.INT8, answers(1000, 0, 0), cost, GateLimits()).fact for cost in (QUICK, SLOW)
    ]
    assert facts[0].startswith("accuracy PASS: int8 loses 0.00 points")
    assert facts[1] == f"written though the gate says FAIL; {facts[0]}"


def test_one_float_tie_in_a_thousand_is_excused_and_two_are_a_bad_export() -> None:
    some = answers(1000, 1, 2)
    assert check_export("torch", some.truth, some.fp32) == 0.999
    with pytest.raises(CheckFailed, match=r"agrees with torch on 99\.80%"):
        check_export("torch", some.truth, some.own)


def test_gate_json_names_the_digests_of_the_files_beside_it(exported: ExportReport) -> None:
    int8 = Path(exported.files[Form.INT8])
    report = GateReport.from_json((int8.parent / "gate.json").read_text())
    assert report.gates == exported.gates
    assert report.digests == {
        Path(path).name: read_model(path).digest for path in exported.files.values()
    }


def test_the_card_says_what_the_gate_found_of_the_accuracy(exported: ExportReport) -> None:
    (gate,) = exported.gates
    assert gate.form == "int8"
    assert read_model(exported.files[Form.INT8]).card.gate == gate.fact
    assert read_model(exported.files[Form.FP32]).card.gate == ""


def test_the_gate_looks_at_validation_and_the_card_at_test_pictures(
    exported: ExportReport, digits: tuple[Dataset, ModelSpec]
) -> None:
    data = digits[0]
    assert exported.gates[0].own.total == len(data.validation)
    assert {score.total for score in exported.accuracy} == {len(data.test)}
    assert [score.form for score in exported.accuracy] == ["torch", Form.FP32, Form.INT8]


@pytest.mark.parametrize("form", [Form.FP32, Form.INT8])
def test_a_written_file_is_complete_alone(exported: ExportReport, form: Form) -> None:
    model = read_model(exported.files[form])
    assert model.card.form == form
    assert model.card.accuracy == exported.accuracy
    assert len(model.golden.frames_png) >= 3
    Classifier(model.path).close()


def test_a_card_holds_no_time_no_machine_and_no_path(int8: Path) -> None:
    card = json.loads(read_model(int8).card.to_json())
    assert set(card) == {field.name for field in dataclasses.fields(read_model(int8).card)}
    assert not {"seconds", "machine", "device", "date"} & set(card)


def test_two_exports_of_one_run_are_the_same_bytes(
    exported: ExportReport, run_folder: Path, tmp_path: Path
) -> None:
    again = export(run_folder, tmp_path, name="small", clock=set_clock(1.05))
    for form, path in exported.files.items():
        assert Path(path).read_bytes() == Path(again.files[form]).read_bytes()


def shipped(
    candidate: ExportSource, folder: Path, options: Options, *ratios: float
) -> ExportReport:
    return ship(candidate, folder, "small", options, lambda _: None, set_clock(*ratios))


def test_what_the_gate_refuses_is_not_written_and_the_reason_is(
    agreeing: ExportSource, tmp_path: Path
) -> None:
    with pytest.raises(CheckFailed, match=r"the gate says FAIL: .* 1\.0 is allowed") as caught:
        shipped(agreeing, tmp_path, Options(limits=GateLimits(max_kib=1.0)), 0.8)
    assert "gate.json" in caught.value.remedy
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN
    report = GateReport.from_json((tmp_path / "gate.json").read_text())
    assert (report.gates[0].verdict, report.digests) == (FAIL, {})


def test_what_is_slow_is_written_only_by_force_and_says_so(
    agreeing: ExportSource, tmp_path: Path
) -> None:
    with pytest.raises(CheckFailed, match=r"4\.80 of fp32's time"):
        shipped(agreeing, tmp_path, Options(), 4.8)
    written = shipped(agreeing, tmp_path, Options(force=True), 4.8)
    assert written.gates[0].verdict == FAIL
    card = read_model(written.files[Form.INT8]).card
    assert card.gate.startswith("written though the gate says FAIL")


def test_what_the_gate_cannot_tell_is_written_but_not_for_the_strict(
    agreeing: ExportSource, tmp_path: Path
) -> None:
    with pytest.raises(CheckFailed, match="the gate says CANNOT TELL"):
        shipped(agreeing, tmp_path, Options(strict=True), 0.9, 1.3)
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN
    report = shipped(agreeing, tmp_path, Options(), 0.9, 1.3)
    assert (report.gates[0].verdict, len(report.files)) == (CANNOT_TELL, 2)


def test_auto_ships_the_fastest_that_passed_or_fp32(agreeing: ExportSource, tmp_path: Path) -> None:
    options = Options(forms=AUTO, limits=GateLimits(max_drop=100.0))
    report = shipped(agreeing, tmp_path, options, 0.5)
    assert [gate.cost.ratio.median for gate in report.gates] == [0.5, 0.5]
    assert list(report.files) == [Form.INT8]
    slow = tuple(judge(g.form, answers(1000, 0, 0), SLOW, GateLimits()) for g in report.gates)
    assert winner((slow[0], report.gates[1])) == "fp16"
    assert winner(slow) == "fp32"


@pytest.mark.parametrize("text", ["", "int4", "auto,int8"])
def test_forms_that_there_are_not_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="forms are"):
        parse_forms(text)


def test_forms_are_read_from_text() -> None:
    assert parse_forms("int8,fp32") == (Form.INT8, Form.FP32)
    assert parse_forms("auto") == AUTO


def test_a_data_set_that_changed_since_training_is_refused(
    run_folder: Path, tmp_path: Path
) -> None:
    for file in run_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    metrics = json.loads((tmp_path / METRICS).read_text())
    metrics["dataset_digest"] = "0" * 64
    (tmp_path / METRICS).write_text(json.dumps(metrics))
    with pytest.raises(DataError, match="not the one the run was trained on"):
        export(tmp_path, tmp_path / "out")


def test_a_folder_without_a_run_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no run"):
        export(tmp_path, tmp_path / "out")


@pytest.mark.parametrize("name", ["../up", "a/b", " ", "-x"])
def test_a_name_that_is_no_file_name_is_refused(
    run_folder: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(OptionError, match="cannot be a model's name"):
        export(run_folder, tmp_path, name=name)


def test_the_report_says_which_pictures_decided_what(exported: ExportReport) -> None:
    report = GateReport.from_json(Path(exported.reports["gate.json"]).read_text())
    assert report.pictures["verdict on accuracy"] == "240 validation pictures"
    assert report.pictures["choice of the int8 graph"] == "240 other training pictures"
    assert report.pictures["int8 calibration, fine-tuning"] == "958 training pictures"
    page = Path(exported.reports["export.html"]).read_text()
    assert "Which pictures decided what" in page
