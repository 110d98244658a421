"""Data-parallel training: shares of a batch, and real processes started by torchrun."""

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from commands import Main
from torch import nn

from edgecnn.errors import OptionError
from edgecnn.trainer.checkpoint import read_checkpoint
from edgecnn.trainer.distributed import ProcessGroup, is_leader, joined
from edgecnn.trainer.loop import TrainingLoop
from edgecnn.trainer.progress import LoopOptions
from edgecnn.trainer.snapshot import SNAPSHOT
from edgecnn.trainer.train import make_network
from trainer.small_runs import CPU, SMALL, TINY, Few, few_of

ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "edgecnn", "train")  # fmt: skip


def two_processes(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*TORCHRUN, *map(str, words)],
        capture_output=True, text=True, timeout=300, check=False, env=ONE_THREAD,
    )  # fmt: skip


def test_two_processes_learn_what_one_process_learns(main: Main, tmp_path: Path) -> None:
    """Without batch norm only the order of sums differs."""
    words = ("--data", "digits", "--device", "cpu", "--widths", "2,3,4", "--set", "network.dense=5",
             "--train-size", "340", "--batch", "66", "--epochs", "2",
             "--set", "optimizer=sgd")  # fmt: skip
    both = two_processes("--out", tmp_path / "both", *words)
    assert both.returncode == 0, both.stderr
    assert both.stdout.count("parameters") == 1
    assert both.stderr.count("epoch 2/2") == 1
    alone = main("train", "--out", tmp_path / "alone", *words)
    assert alone.returncode == 0, alone.stderr
    assert {p.name for p in (tmp_path / "both").iterdir()} == {
        p.name for p in (tmp_path / "alone").iterdir()
    }
    both_weights = read_checkpoint(tmp_path / "both").network.state_dict()
    for name, tensor in read_checkpoint(tmp_path / "alone").network.state_dict().items():
        torch.testing.assert_close(both_weights[name], tensor, rtol=1e-4, atol=1e-6)


def test_two_processes_train_with_batch_norm_and_an_average(tmp_path: Path) -> None:
    """301 pictures leave a last batch of one, which two processes cannot share."""
    out, rest = tmp_path / "run", ("--train-size", "301", "--batch", "50", "--epochs", "2")
    ran = two_processes("--out", out, *TINY, *rest, "--set", "average=0.9")
    assert ran.returncode == 0, ran.stderr
    with (out / "history.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 3
    assert not (out / SNAPSHOT).exists()


def test_a_loss_that_is_not_a_number_ends_both_processes_with_that_message_alone(
    tmp_path: Path,
) -> None:
    words = ("--data", "digits", "--device", "cpu", "--widths", "2,3,4", "--learning-rate", "1e30")
    ran = two_processes("--out", tmp_path / "both", *words)
    assert ran.returncode != 0
    assert ran.stderr.count("the loss is ") == 2
    assert "exitcode  : 1 " in ran.stderr
    assert "gloo" not in ran.stderr.lower()


def test_without_torchrun_the_group_is_this_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    with joined(CPU) as group:
        assert (group, group.is_leader, is_leader()) == (ProcessGroup(0, 1), True, True)
        assert (group.any(True), group.any(False), group.total(2.5)) == (True, False, 2.5)
        network = nn.BatchNorm1d(2)
        group.average_statistics(network)
        assert network.running_var is not None
        assert network.running_var.tolist() == [1.0, 1.0]


def test_a_batch_smaller_than_the_group_is_refused(digits: Few) -> None:
    (data, spec), recipe = few_of(digits), replace(SMALL, batch=1)
    network = make_network(recipe, spec)
    with pytest.raises(OptionError, match="batch 1 is too small for 2 processes"):
        TrainingLoop(network, data, recipe, CPU, None, ProcessGroup(0, 2), LoopOptions())


@pytest.mark.parametrize("size", [2, 3, 7])
def test_the_shares_of_a_group_cover_a_batch_without_overlap(size: int) -> None:
    batch = torch.arange(50)
    shares = [ProcessGroup(rank, size).share(batch) for rank in range(size)]
    assert sorted(torch.cat(shares).tolist()) == list(range(50))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
