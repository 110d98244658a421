"""A run's folder: complete, read back exactly, and refused when it was damaged."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL
from safetensors import safe_open
from safetensors.torch import save_file

from edgecnn.data.dataset import Dataset
from edgecnn.errors import DataError, NotFound, OptionError
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import decode_picture
from edgecnn.trainer.networks import Architecture, build
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import (
    TrainReport,
    check_free,
    package_versions,
    read_run,
    write_run,
)
from edgecnn.trainer.train import train, train_on

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


def save_checkpoint(
    folder: Path, weights: dict[str, torch.Tensor], metadata: dict[str, str] | None
) -> None:
    save_file(weights, folder / "checkpoint.safetensors", metadata)


def metadata_of(folder: Path) -> dict[str, str]:
    with safe_open(folder / "checkpoint.safetensors", "pt") as file:
        metadata: dict[str, str] = file.metadata()
        return metadata


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


def test_the_checkpoint_alone_says_recipe_and_spec(run_folder: Path) -> None:
    metadata = metadata_of(run_folder)
    run = read_run(run_folder)
    assert Recipe.from_json(metadata["recipe"]) == run.recipe
    assert ModelSpec.from_json(metadata["spec"]) == run.spec


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


def test_the_page_shows_the_run_and_needs_no_other_file(run_folder: Path) -> None:
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    report = read_run(run_folder).report
    assert report.dataset_digest in page
    assert f"{report.parameters:,}" in page
    assert report.ended == "all epochs done"
    assert report.ended in page
    assert "://" not in re.sub(r"http://www\.w3\.org/\S+", "", page)


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


@pytest.mark.parametrize("kept", [0, 5, 100, 5000, -1], ids="{} bytes".format)
def test_a_truncated_checkpoint_is_named_and_refused(kept: int, copy: Path) -> None:
    path = copy / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=str(path)) as caught:
        read_run(copy)
    assert caught.value.remedy == "train again"


def test_a_pickle_is_never_read(copy: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(1)}, copy / "checkpoint.safetensors")
    with pytest.raises(DataError, match=r"checkpoint\.safetensors"):
        read_run(copy)


def test_weights_of_another_network_are_refused(copy: Path) -> None:
    other = build(Architecture(widths=(8, 8, 8)), (28, 28, 1), 10)
    save_checkpoint(copy, other.state_dict(), metadata_of(copy))
    with pytest.raises(DataError, match="size mismatch") as caught:
        read_run(copy)
    assert str(copy / "checkpoint.safetensors") in caught.value.what


def test_a_checkpoint_that_lacks_a_tensor_is_refused(copy: Path) -> None:
    weights = read_run(copy).network.state_dict()
    metadata = metadata_of(copy)
    del weights["dense2.bias"]
    save_checkpoint(copy, weights, metadata)
    with pytest.raises(DataError, match=r"dense2\.bias"):
        read_run(copy)


@pytest.mark.parametrize("key", ["spec", "recipe"])
def test_a_checkpoint_without_its_metadata_is_refused(key: str, copy: Path) -> None:
    metadata = metadata_of(copy)
    del metadata[key]
    save_checkpoint(copy, read_run(copy).network.state_dict(), metadata)
    with pytest.raises(DataError, match=key):
        read_run(copy)


def test_a_foreign_checkpoint_without_metadata_is_refused(copy: Path) -> None:
    save_checkpoint(copy, read_run(copy).network.state_dict(), None)
    with pytest.raises(DataError, match=r"checkpoint\.safetensors is broken"):
        read_run(copy)


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


def test_an_existing_run_is_not_overwritten(copy: Path) -> None:
    before = (copy / "checkpoint.safetensors").read_bytes()
    with pytest.raises(OptionError, match=str(copy)) as caught:
        train(QUICK, copy, device="cpu")
    assert "--overwrite" in caught.value.remedy
    assert (copy / "checkpoint.safetensors").read_bytes() == before
    assert {path.name for path in copy.iterdir()} == FILES | PRESENTED


def test_an_existing_run_is_overwritten_on_request(copy: Path) -> None:
    report = train(QUICK, copy, device="cpu", overwrite=True)
    run = read_run(copy)
    assert run.recipe == QUICK
    assert run.report == report
    assert {path.name for path in copy.iterdir()} == FILES | PRESENTED


def test_a_folder_with_other_files_is_free(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    check_free(tmp_path, overwrite=False)
    train(QUICK, tmp_path, device="cpu")
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True], ids=["without", "with"])
def test_a_file_is_not_a_folder_for_a_run(overwrite: bool, tmp_path: Path) -> None:
    out = tmp_path / "notes.txt"
    out.write_text("mine")
    with pytest.raises(OptionError, match=str(out)):
        train(QUICK, out, device="cpu", overwrite=overwrite)
    assert out.read_text() == "mine"


def test_a_network_that_does_not_fit_writes_nothing(tmp_path: Path) -> None:
    recipe = replace(QUICK, network=Architecture(kernel=9))
    with pytest.raises(OptionError, match="kernel 9"):
        train(recipe, tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


def test_versions_are_those_of_what_is_installed_under_whatever_name() -> None:
    found = package_versions()
    assert all(found.values())
    assert {"edgecnn", "torch", "onnx"} <= set(found)
    assert len({"opencv-python", "opencv-python-headless"} & set(found)) == 1
