"""The gate judges on figures, and a FAIL leaves nothing that could be shipped."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import CheckFailed, DataError, NotFound, OptionError
from edgecnn.exporter.export import export
from edgecnn.exporter.gate import FAIL, PASS, GateReport, Limits, judge
from edgecnn.exporter.ship import ExportReport, Options
from edgecnn.runner.classify import Classifier
from edgecnn.runner.model_file import read_model
from edgecnn.spec import ModelSpec
from edgecnn.trainer.dataset import Dataset
from edgecnn.trainer.run_folder import METRICS

TRUTH = np.arange(1000) % 10


def wrong(count: int) -> np.ndarray:
    """Return answers of which the first `count` are wrong."""
    answers = TRUTH.copy()
    answers[:count] = (answers[:count] + 1) % 10
    return answers


@pytest.mark.parametrize(
    ("torch", "fp32", "int8", "verdict", "word"),
    [
        pytest.param(0, 0, 0, PASS, "loses 0.00 points", id="all alike"),
        pytest.param(20, 20, 25, PASS, "loses 0.50 points", id="a drop at the limit"),
        pytest.param(20, 20, 26, FAIL, "loses 0.60 points", id="a drop over the limit"),
        pytest.param(0, 1, 1, PASS, "agrees", id="one float tie in a thousand"),
        pytest.param(0, 2, 2, FAIL, "fp32 file agrees with torch on 99.80%", id="a bad export"),
        pytest.param(30, 30, 0, PASS, "loses -3.00 points", id="int8 is better"),
    ],
)
def test_the_verdict_follows_from_the_figures(
    torch: int, fp32: int, int8: int, verdict: str, word: str
) -> None:
    found = judge(TRUTH, wrong(torch), wrong(fp32), wrong(int8), Limits())
    assert (found.verdict, word in found.reason) == (verdict, True), found.reason


def test_int8_that_disagrees_fails_even_if_it_is_as_accurate() -> None:
    shuffled = TRUTH.copy()
    shuffled[500:560] = (shuffled[500:560] + 1) % 10
    found = judge(TRUTH, wrong(60), wrong(60), shuffled, Limits())
    assert found.drop_points == 0
    assert found.verdict == FAIL
    assert "int8 agrees with fp32 on 88.00%" in found.reason


def test_the_limit_is_the_users() -> None:
    assert judge(TRUTH, wrong(0), wrong(0), wrong(20), Limits(max_drop=2.0)).verdict == PASS


def test_a_failed_gate_writes_the_reason_and_no_model(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="the gate says FAIL") as caught:
        export(run_folder, tmp_path, options=Options(limits=Limits(min_agreement=1.01)))
    assert "gate.json" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["gate.json"]
    report = GateReport.from_json((tmp_path / "gate.json").read_text())
    assert (report.verdict.verdict, report.digests) == (FAIL, {})


def test_gate_json_names_the_digests_of_the_files_beside_it(exported: ExportReport) -> None:
    int8 = Path(exported.files["int8"])
    report = GateReport.from_json((int8.parent / "gate.json").read_text())
    assert report.verdict.verdict == PASS
    assert report.digests == {
        Path(path).name: read_model(path).digest for path in exported.files.values()
    }


def test_the_gate_looks_at_validation_and_the_card_at_test_pictures(
    exported: ExportReport, digits: tuple[Dataset, ModelSpec]
) -> None:
    data = digits[0]
    assert exported.gate.int8.total == len(data.validation)
    assert {score.total for score in exported.accuracy} == {len(data.test)}
    assert [score.form for score in exported.accuracy] == ["torch", "fp32", "int8"]


@pytest.mark.parametrize("form", ["fp32", "int8"])
def test_a_written_file_is_complete_alone(exported: ExportReport, form: str) -> None:
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
    again = export(run_folder, tmp_path, name="small")
    for form, path in exported.files.items():
        assert Path(path).read_bytes() == Path(again.files[form]).read_bytes()


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
