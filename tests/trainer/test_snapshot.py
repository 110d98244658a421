"""Snapshots: real training processes are killed, interrupted or out of disk space, and resumed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from commands import Main, started

from edgecnn.trainer.checkpoint import read_checkpoint
from edgecnn.trainer.run_folder import read_run
from edgecnn.trainer.snapshot import (
    SNAPSHOT,
    Epoch,
    Snapshot,
    TrainingState,
    prefixed,
    read_snapshot,
    under,
    write_snapshot,
)
from trainer.small_runs import SMALL, TINY, same

EVERYTHING = (*TINY, "--epochs", "20", "--set", "optimizer=sgd", "--set", "average=0.9",
              "--set", "augment.shift=0.1", "--set", "augment.noise=4",
              "--set", "schedule=cosine")  # fmt: skip
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
EDGECNN = (sys.executable, "-m", "edgecnn", "train")


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(run).network.state_dict()


@pytest.fixture(scope="module")
def unbroken(main: Main, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    ran = main("train", "--out", out, *EVERYTHING)
    assert ran.returncode == 0, ran.stderr
    return out


def test_a_killed_run_goes_on_to_the_same_bits(main: Main, unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with started(*EDGECNN, "--out", out, *EVERYTHING, env=ONE_THREAD) as process:
        wait_for(out / SNAPSHOT, process)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert 1 <= len(read_snapshot(out / SNAPSHOT).state.history) < 20
    ran = main(
        "train", "--out", out, "--resume", "--device", "cpu"
    )  # the recipe is in the snapshot
    assert ran.returncode == 0, ran.stderr
    assert same(weights(out), weights(unbroken))
    assert read_run(out).report.history == read_run(unbroken).report.history


def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(
    main: Main, unbroken: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with started(*EDGECNN, "--out", out, *EVERYTHING, env=ONE_THREAD) as process:
        wait_for(out / SNAPSHOT, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 130
    assert "training was stopped in epoch" in errors
    assert f"kept in {out / SNAPSHOT}" in errors
    assert "\n  try: the same command with --resume" in errors
    assert "Traceback" not in errors
    ran = main("train", "--out", out, *EVERYTHING, "--resume")
    assert ran.returncode == 0, ran.stderr
    assert same(weights(out), weights(unbroken))
    assert not (out / SNAPSHOT).exists()


def test_a_finished_run_cannot_be_resumed(main: Main, unbroken: Path) -> None:
    ran = main("train", "--out", unbroken, "--resume")
    assert ran.returncode == 3
    assert "holds no unfinished run" in ran.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only the superuser can mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_clear_error_and_the_last_snapshot_stays(small_disk: Path) -> None:
    words = ("--out", small_disk, *TINY, "--epochs", "100000")
    with started(*EDGECNN, *words, env=ONE_THREAD) as process:
        wait_for(small_disk / SNAPSHOT, process)
        fill(small_disk / "filler", process)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 5, errors
    assert errors.count("No space left on device") == 1
    assert f"{small_disk / SNAPSHOT} could not be written" in errors
    assert "Traceback" not in errors
    assert len(read_snapshot(small_disk / SNAPSHOT).state.history) >= 1
    assert {path.name for path in small_disk.iterdir()} == {SNAPSHOT, "filler"}


def fill(filler: Path, process: "subprocess.Popen[str]") -> None:
    """Take every free page, and what the process itself sets free, until it ends."""
    with filler.open("wb", buffering=0) as file:
        while process.poll() is None:
            try:
                file.write(bytes(4096))
            except OSError:
                time.sleep(0.005)


def test_a_snapshot_reads_back_to_every_tensor_and_number(tmp_path: Path) -> None:
    epoch = Epoch(1, 0.5, 0.75, 0.6, 0.7, 1e-3)
    state = TrainingState((epoch,), step=3, seen=150, correct=120.0, loss=61.5, seconds=2.5)
    tensors = {
        "network.weight": torch.arange(6.0).reshape(2, 3),
        "optimizer.0.step": torch.ones(()),
    }
    write_snapshot(tmp_path / SNAPSHOT, Snapshot(SMALL, "digest", state, tensors))
    read = read_snapshot(tmp_path / SNAPSHOT)
    assert (read.recipe, read.dataset_digest, read.state) == (SMALL, "digest", state)
    assert same(dict(sorted(read.tensors.items())), dict(sorted(tensors.items())))


def test_tensors_are_named_and_found_by_prefix() -> None:
    tensors = {**prefixed("best", {"a": torch.zeros(1)}), **prefixed("best2", {"a": torch.ones(1)})}
    assert list(tensors) == ["best.a", "best2.a"]
    assert float(under("best", tensors)["a"]) == 0.0
    assert under("average", tensors) == {}
