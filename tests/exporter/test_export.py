"""`export`: a run's folder becomes model files under its own name and facts."""

import json
from pathlib import Path

import pytest
from clocks import set_clock

from edgecnn.data.dataset import Dataset
from edgecnn.errors import OptionError
from edgecnn.exporter.export import export, export_source_of
from edgecnn.exporter.options import Options
from edgecnn.exporter.ship import ExportReport
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.run_folder import read_run


def test_a_model_is_named_after_its_network_and_data_set(run_folder: Path, tmp_path: Path) -> None:
    options = Options(forms=(Form.FP32,))
    stages: list[str] = []
    report = export(
        run_folder, tmp_path, options=options, on_progress=stages.append, clock=set_clock(0.8)
    )
    assert Path(report.files[Form.FP32]).name == "article-digits.fp32.onnx"
    assert stages[:2] == ["reading the data set", "converting"]


def test_the_card_of_a_file_holds_the_runs_facts(exported: ExportReport, run_folder: Path) -> None:
    run = read_run(run_folder)
    card = read_model(exported.files[Form.INT8]).card
    assert (card.name, card.dataset, card.parameters) == ("small", "digits", run.report.parameters)
    assert card.dataset_digest == run.report.dataset_digest
    assert json.loads(card.recipe) == json.loads(run.recipe.to_short_json())


def test_a_run_as_a_source_can_be_fine_tuned_for_the_epochs_of_its_recipe(
    run_folder: Path, digits: tuple[Dataset, ModelSpec]
) -> None:
    run = read_run(run_folder)
    source = export_source_of(run, digits[0])
    assert (source.origin, source.qat_epochs) == ("torch", run.recipe.qat.epochs)
    assert source.fine_tune is not None


def test_a_name_with_a_slash_is_refused_before_anything_is_read(
    run_folder: Path, tmp_path: Path
) -> None:
    stages: list[str] = []
    with pytest.raises(OptionError):
        export(run_folder, tmp_path, name="a/b", on_progress=stages.append)
    assert (stages, list(tmp_path.iterdir())) == ([], [])
