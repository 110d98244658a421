"""Checkpoints: equal bytes for equal runs, found by name or place, refused when damaged."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from edgecnn.errors import DataError, NotFound
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.checkpoint import (
    CHECKPOINT,
    read_checkpoint,
    shipped_checkpoints,
    write_checkpoint,
)
from edgecnn.trainer.networks import Architecture, build
from edgecnn.trainer.recipe import Recipe
from edgecnn.trainer.run_folder import read_run


@pytest.fixture
def copy(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small run, to damage."""
    return Path(shutil.copytree(run_folder, tmp_path / "copy"))


def save_checkpoint(
    folder: Path, weights: dict[str, torch.Tensor], metadata: dict[str, str] | None
) -> None:
    save_file(weights, folder / "checkpoint.safetensors", metadata)


def metadata_of(folder: Path) -> dict[str, str]:
    with safe_open(folder / "checkpoint.safetensors", "pt") as file:
        metadata: dict[str, str] = file.metadata()
        return metadata


def test_the_checkpoint_alone_says_recipe_and_spec(run_folder: Path) -> None:
    metadata = metadata_of(run_folder)
    run = read_run(run_folder)
    assert Recipe.from_json(metadata["recipe"]) == run.recipe
    assert ModelSpec.from_json(metadata["spec"]) == run.spec


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


def test_an_external_checkpoint_without_metadata_is_refused(copy: Path) -> None:
    save_checkpoint(copy, read_run(copy).network.state_dict(), None)
    with pytest.raises(DataError, match=r"checkpoint\.safetensors is broken"):
        read_run(copy)


def test_equal_checkpoints_have_equal_bytes(run_folder: Path, tmp_path: Path) -> None:
    run = read_run(run_folder)
    for name in "ab":
        write_checkpoint(tmp_path / name, run.network, run.recipe, run.spec)
    first, second, original = (
        path.read_bytes() for path in (tmp_path / "a", tmp_path / "b", run_folder / CHECKPOINT)
    )
    assert first == second == original


def test_a_checkpoint_is_found_by_folder_by_file_and_by_shipped_name(run_folder: Path) -> None:
    by_folder, by_file = read_checkpoint(run_folder), read_checkpoint(run_folder / CHECKPOINT)
    assert by_folder.recipe == by_file.recipe
    assert "objects" in shipped_checkpoints()
    assert read_checkpoint("objects").spec.shape == (32, 32, 3)


def test_a_checkpoint_that_is_nowhere_is_not_found_and_the_shipped_ones_are_named() -> None:
    with pytest.raises(NotFound, match="neither a run folder") as caught:
        read_checkpoint("gone")
    assert all(name in caught.value.remedy for name in shipped_checkpoints())
