"""Real training processes: killed, interrupted, out of disk space, and gone on with; and teams."""

import csv
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
from edgecnn.trainer.snapshot import SNAPSHOT, read_snapshot
from trainer.small_runs import same

TINY = ("--data", "digits", "--network", "edge", "--widths", "4", "--stride", "4",
        "--set", "network.depths=[1]", "--train-size", "300", "--device", "cpu")  # fmt: skip
EVERYTHING = (*TINY, "--epochs", "20", "--set", "optimizer=sgd", "--set", "average=0.9",
              "--set", "augment.shift=0.1", "--set", "augment.noise=4",
              "--set", "schedule=cosine")  # fmt: skip
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
EDGECNN = (sys.executable, "-m", "edgecnn", "train")
TEAM = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "edgecnn", "train")  # fmt: skip


def team_of_two(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*TEAM, *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False, env=ONE_THREAD,
    )  # fmt: skip


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
        fill(small_disk / "film", process)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 5, errors
    assert errors.count("No space left on device") == 1
    assert f"{small_disk / SNAPSHOT} could not be written" in errors
    assert "Traceback" not in errors
    assert len(read_snapshot(small_disk / SNAPSHOT).state.history) >= 1
    assert {path.name for path in small_disk.iterdir()} == {SNAPSHOT, "film"}


def fill(film: Path, process: "subprocess.Popen[str]") -> None:
    """Take every free page, and what the process itself sets free, until it ends."""
    with film.open("wb", buffering=0) as file:
        while process.poll() is None:
            try:
                file.write(bytes(4096))
            except OSError:
                time.sleep(0.005)


def test_a_team_of_two_learns_what_one_process_learns(main: Main, tmp_path: Path) -> None:
    """Without batch norm only the order of sums differs."""
    words = ("--data", "digits", "--device", "cpu", "--widths", "2,3,4", "--set", "network.dense=5",
             "--train-size", "340", "--batch", "66", "--epochs", "2",
             "--set", "optimizer=sgd")  # fmt: skip
    team = team_of_two("--out", tmp_path / "team", *words)
    assert team.returncode == 0, team.stderr
    assert team.stdout.count("parameters") == 1
    assert team.stderr.count("epoch 2/2") == 1
    alone = main("train", "--out", tmp_path / "alone", *words)
    assert alone.returncode == 0, alone.stderr
    assert {p.name for p in (tmp_path / "team").iterdir()} == {
        p.name for p in (tmp_path / "alone").iterdir()
    }
    for name, tensor in weights(tmp_path / "alone").items():
        torch.testing.assert_close(weights(tmp_path / "team")[name], tensor, rtol=1e-4, atol=1e-6)


def test_a_team_with_batch_norm_and_an_average_works(tmp_path: Path) -> None:
    """301 pictures leave a last batch of one, which two processes cannot share."""
    out, rest = tmp_path / "run", ("--train-size", "301", "--batch", "50", "--epochs", "2")
    ran = team_of_two("--out", out, *TINY, *rest, "--set", "average=0.9")
    assert ran.returncode == 0, ran.stderr
    with (out / "history.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 3
    assert not (out / SNAPSHOT).exists()


def test_a_team_whose_loss_is_no_number_ends_with_that_message_alone(tmp_path: Path) -> None:
    words = ("--data", "digits", "--device", "cpu", "--widths", "2,3,4", "--learning-rate", "1e30")
    ran = team_of_two("--out", tmp_path / "team", *words)
    assert ran.returncode != 0
    assert ran.stderr.count("the loss is ") == 2
    assert "exitcode  : 1 " in ran.stderr
    assert "gloo" not in ran.stderr.lower()
