"""The same run gives the same bytes, in any process."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file

from edgecnn.exporter.ship import ExportReport
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint


def test_an_export_in_another_process_gives_the_same_bytes(
    exported: ExportReport, run_folder: Path, tmp_path: Path
) -> None:
    command = ["export", str(run_folder), "--out", str(tmp_path), "--name", "small",
               "--max-ratio", "100"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "edgecnn", *command],
        env={**os.environ, "PYTHONHASHSEED": "1"}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for path in exported.files.values():
        assert (tmp_path / Path(path).name).read_bytes() == Path(path).read_bytes()


def test_equal_weights_are_equal_checkpoints(run_folder: Path, tmp_path: Path) -> None:
    found = read_checkpoint(run_folder)
    paths = [tmp_path / f"{i}.safetensors" for i in range(20)]
    for path in paths:  # the library's own order is random: 20 of one order by chance, 1 in 500,000
        write_checkpoint(path, found.network, found.recipe, found.spec)
    assert {path.read_bytes() for path in paths} == {(run_folder / CHECKPOINT).read_bytes()}


def test_a_sorted_checkpoint_reads_back_whatever_its_texts_hold(
    run_folder: Path, tmp_path: Path
) -> None:
    found = read_checkpoint(run_folder)
    labels = ("Käfer", '"', "{}", "\\", *found.spec.labels[4:])
    odd: ModelSpec = replace(found.spec, labels=labels)
    write_checkpoint(tmp_path / "odd.safetensors", found.network, found.recipe, odd)
    again = read_checkpoint(tmp_path / "odd.safetensors")
    assert (again.spec, again.recipe) == (odd, found.recipe)
    weights = load_file(tmp_path / "odd.safetensors")
    assert all(weights[n].equal(t) for n, t in found.network.state_dict().items())
