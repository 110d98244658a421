"""A run's folder: complete, read back exactly, and refused when it was damaged."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL

from edgecnn.data.dataset import Dataset
from edgecnn.errors import DataError, NotFound
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import decode_picture
from edgecnn.trainer.evaluate import evaluate
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import (
    TrainReport,
    package_versions,
    read_run,
    write_run,
)
from edgecnn.trainer.train import train_on
from trainer.small_runs import stopped_run

FILES = {
    "checkpoint.safetensors",
    "metrics.json",
    "history.csv",
    "history.png",
    "confusion.csv",
    "confusion.png",
}
PRESENTED = {"report.html", "tables.json", "classes.csv", "mistakes.csv", "reliability.csv"}
"""What `train` adds for people."""
QUICK = Recipe(data="digits", epochs=1, network=Architecture(widths=(2, 3, 4), dense=5))


@pytest.fixture
def copy(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small run, to damage."""
    return Path(shutil.copytree(run_folder, tmp_path / "copy"))


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_run_has_all_its_files_and_nothing_else(run_folder: Path) -> None:
    assert {path.name for path in run_folder.iterdir()} == FILES | PRESENTED


def test_a_run_reads_back_to_the_recipe_and_the_spec(
    run_folder: Path, digits: tuple[Dataset, ModelSpec]
) -> None:
    run = read_run(run_folder)
    assert run.recipe == run.report.recipe == SMALL
    assert run.spec == digits[1]


def test_a_run_reads_back_to_the_same_weights(
    digits: tuple[Dataset, ModelSpec], tmp_path: Path
) -> None:
    data, spec = digits
    report, network = train_on(data, spec, QUICK, device="cpu")
    write_run(tmp_path, network, spec, report)
    run = read_run(tmp_path)
    assert (run.recipe, run.spec, run.report) == (QUICK, spec, report)
    read, written = run.network.state_dict(), network.state_dict()
    assert list(read) == list(written)
    assert all(torch.equal(read[name], written[name]) for name in written)


def test_metrics_json_is_the_report(run_folder: Path) -> None:
    text = (run_folder / "metrics.json").read_text(encoding="utf-8")
    report = TrainReport.from_json(text)
    assert report.parameters == 93_322
    assert sum(report.pictures.values()) == 1797
    assert report.test.accuracy.total == report.pictures["test"]
    assert set(json.loads(text)["versions"]) >= {"edgecnn", "torch", "onnxruntime"}


def test_the_small_run_learned_the_digits(run_folder: Path) -> None:
    report = read_run(run_folder).report
    losses = [epoch.loss for epoch in report.history]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 2
    assert report.test.accuracy.value > 0.8


def test_history_csv_has_a_row_for_each_epoch(run_folder: Path) -> None:
    head, *rows = rows_of(run_folder / "history.csv")
    history = read_run(run_folder).report.history
    assert head == [
        "epoch",
        "loss",
        "accuracy",
        "validation_loss",
        "validation_accuracy",
        "learning_rate",
    ]
    assert [int(row[0]) for row in rows] == [1, 2, 3]
    assert [float(row[1]) for row in rows] == [epoch.loss for epoch in history]
    assert [float(row[4]) for row in rows] == [epoch.validation_accuracy for epoch in history]


def test_confusion_csv_has_a_row_for_each_true_and_a_column_for_each_predicted_class(
    run_folder: Path,
) -> None:
    head, *rows = rows_of(run_folder / "confusion.csv")
    metrics = read_run(run_folder).report.test
    assert head == ["true \\ predicted", *"0123456789"]
    assert [row[0] for row in rows] == list("0123456789")
    table = tuple(tuple(int(count) for count in row[1:]) for row in rows)
    assert table == metrics.confusion
    assert sum(map(sum, table)) == metrics.accuracy.total


@pytest.mark.parametrize("name", ["history.png", "confusion.png"])
def test_plots_are_pictures_with_something_on_them(name: str, run_folder: Path) -> None:
    picture = decode_picture((run_folder / name).read_bytes())
    assert picture is not None
    assert min(picture.shape[:2]) > 200
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


def test_the_same_run_writes_the_same_measurements(run_folder: Path, tmp_path: Path) -> None:
    run = read_run(run_folder)
    write_run(tmp_path, run.network, run.spec, run.report)
    # Not the checkpoint: safetensors writes its metadata in any order.
    for name in FILES - {"checkpoint.safetensors", "history.csv", "confusion.csv"}:
        assert (tmp_path / name).read_bytes() == (run_folder / name).read_bytes(), name


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "metrics.json"])
def test_a_missing_file_is_named_and_not_found(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(NotFound, match=name) as caught:
        read_run(copy)
    assert str(copy) in caught.value.what
    assert "edgecnn train" in caught.value.remedy


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        read_run(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"recipe": 1}', b"\xff\xfe"],
    ids=["empty", "truncated", "other fields", "not text"],
)
def test_broken_metrics_are_named_and_refused(content: bytes, copy: Path) -> None:
    (copy / "metrics.json").write_bytes(content)
    with pytest.raises(DataError, match=str(copy / "metrics.json")) as caught:
        read_run(copy)
    assert caught.value.remedy == "train again"


def test_versions_are_those_of_what_is_installed_under_whatever_name() -> None:
    found = package_versions()
    assert all(found.values())
    assert {"edgecnn", "torch", "onnx"} <= set(found)
    assert len({"opencv-python", "opencv-python-headless"} & set(found)) == 1


def test_an_interrupted_run_is_not_found_and_the_way_to_finish_it_is_given(tmp_path: Path) -> None:
    folder = stopped_run(tmp_path / "run")
    for read in (read_run, evaluate):
        with pytest.raises(NotFound, match="was interrupted before its end") as caught:
            read(folder)
        assert caught.value.remedy == f"finish it: edgecnn train --resume --out {folder}"
