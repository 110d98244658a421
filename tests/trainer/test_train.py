"""`train`: what it writes, what it overwrites, what it resumes, and when it ends."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edgecnn.errors import CheckFailed, DataError, NotFound, OptionError, Stopped
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.progress import LoopOptions
from edgecnn.trainer.recipe import Recipe, Schedule
from edgecnn.trainer.run_folder import check_free, read_run
from edgecnn.trainer.snapshot import SNAPSHOT
from edgecnn.trainer.train import make_network, train, train_on
from edgecnn.trainer.train_network import train_network
from trainer.small_runs import CPU, SMALL, Few, few_of, press_ctrl_c, stopped_run

QUICK = Recipe(data="digits", epochs=1, network=Architecture(widths=(2, 3, 4), dense=5))


@pytest.fixture
def copy(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small run, to overwrite."""
    return Path(shutil.copytree(run_folder, tmp_path / "copy"))


@pytest.fixture(scope="module")
def few(digits: Few) -> Few:
    return few_of(digits)


def test_a_time_budget_ends_the_run_and_takes_the_learning_rate_down(few: Few) -> None:
    recipe = replace(SMALL, epochs=1_000_000, schedule=Schedule.COSINE)
    options = LoopOptions(budget_seconds=0.3)
    report, _ = train_on(*few, recipe, device="cpu", options=options)
    assert 0 < len(report.history) < 1_000_000
    assert report.ended == "time budget of 0.3 s used up"
    rates = [epoch.learning_rate for epoch in report.history]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.5 * recipe.learning_rate


def test_a_budget_shorter_than_a_step_still_gives_a_scored_network(few: Few) -> None:
    report, _ = train_on(*few, SMALL, device="cpu", options=LoopOptions(budget_seconds=1e-9))
    assert len(report.history) == 1
    assert report.history[0].validation_accuracy >= 0


def test_resume_without_a_run_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no unfinished run") as caught:
        train(SMALL, tmp_path, device="cpu", resume=True)
    assert "without --resume" in caught.value.remedy


def test_an_unfinished_run_is_neither_overwritten_nor_resumed_by_another_recipe(
    tmp_path: Path,
) -> None:
    stopped_run(tmp_path)
    before = (tmp_path / SNAPSHOT).read_bytes()
    with pytest.raises(OptionError, match="unfinished run"):
        train(SMALL, tmp_path, device="cpu")
    with pytest.raises(OptionError, match="another recipe"):
        train(replace(SMALL, seed=1), tmp_path, device="cpu", resume=True)
    assert [path.name for path in tmp_path.iterdir()] == [SNAPSHOT]
    assert (tmp_path / SNAPSHOT).read_bytes() == before


def test_a_finished_run_leaves_no_snapshot(tmp_path: Path) -> None:
    stopped_run(tmp_path)
    report = train(SMALL, tmp_path, device="cpu", resume=True)
    assert not (tmp_path / SNAPSHOT).exists()
    assert len(report.history) == 3
    assert read_run(tmp_path).report == report


def test_a_stopped_run_that_is_overwritten_cannot_be_resumed(tmp_path: Path) -> None:
    stopped_run(tmp_path)
    ruin = replace(SMALL, learning_rate=1e30)
    with pytest.raises(CheckFailed) as caught:
        train(ruin, tmp_path, device="cpu", overwrite=True)
    assert "kept" not in caught.value.what
    with pytest.raises(NotFound):
        train(SMALL, tmp_path, device="cpu", resume=True)


@pytest.mark.parametrize("kept", [0, 50, 3000, -1], ids="{} bytes".format)
def test_a_broken_snapshot_is_named_and_refused(tmp_path: Path, kept: int) -> None:
    path = stopped_run(tmp_path) / SNAPSHOT
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=str(path)):
        train(SMALL, tmp_path, device="cpu", resume=True)


def test_a_data_set_that_changed_is_not_resumed(tmp_path: Path, few: Few) -> None:
    data, spec = few
    options = LoopOptions(tmp_path / SNAPSHOT)
    with pytest.raises(Stopped):
        train_network(
            make_network(SMALL, spec), data, SMALL, CPU, press_ctrl_c(1, 1), options=options
        )
    with pytest.raises(DataError, match="has changed since"):
        train(SMALL, tmp_path, device="cpu", resume=True)  # all digits, not a few


def test_an_existing_run_is_not_overwritten(copy: Path, run_folder: Path) -> None:
    before = (copy / "checkpoint.safetensors").read_bytes()
    with pytest.raises(OptionError, match=str(copy)) as caught:
        train(QUICK, copy, device="cpu")
    assert "--overwrite" in caught.value.remedy
    assert (copy / "checkpoint.safetensors").read_bytes() == before
    assert {path.name for path in copy.iterdir()} == {path.name for path in run_folder.iterdir()}


def test_an_existing_run_is_overwritten_on_request(copy: Path, run_folder: Path) -> None:
    report = train(QUICK, copy, device="cpu", overwrite=True)
    run = read_run(copy)
    assert run.recipe == QUICK
    assert run.report == report
    assert {path.name for path in copy.iterdir()} == {path.name for path in run_folder.iterdir()}


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
