"""Fitted pictures on disk: never another answer than without them, and never in the way."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from picture_folders import encoded, picture, write_class

from edgecnn.data.cache import cache_folder
from edgecnn.data.catalog import InputOptions, load, load_as, read
from edgecnn.data.dataset import PARTS, Dataset, Pictures, prepare
from edgecnn.model.spec import Fit


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fitted"


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    for label in ("ant", "bee"):
        write_class(tmp_path / "animals" / "train" / label, 20)
    (tmp_path / "animals" / "train" / "ant" / "x.png").write_bytes(b"broken")
    return tmp_path / "animals"


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


def same(a: Dataset, b: Dataset) -> None:
    """Check every field of two data sets."""
    assert (a.name, a.labels, a.problems, a.digest) == (b.name, b.labels, b.problems, b.digest)
    for part in PARTS:
        first, second = a.part(part), b.part(part)
        np.testing.assert_array_equal(first.frames, second.frames)
        np.testing.assert_array_equal(first.labels, second.labels)
        for name in ("paths", "sizes"):
            stored, made = (getattr(pictures.origins, name) for pictures in (first, second))
            np.testing.assert_array_equal(stored, made)


def test_what_is_loaded_again_is_what_was_loaded_without_a_cache(
    cache: Path, animals: Path
) -> None:
    options = InputOptions(size=12)
    first, spec = load(str(animals), options, 25)
    second, _ = load(str(animals), options, 25)
    same(first, second)
    same(second, prepare(read(str(animals)), spec, 25))
    assert len(second.train) == 25
    assert len(second.problems) == 1
    assert len(entries(cache)) == 1


def test_the_second_time_no_picture_is_decoded(cache: Path, animals: Path) -> None:
    load(str(animals), InputOptions())
    path = cache / entries(cache)[0] / "train-frames.npy"
    inverted = 255 - np.load(path)
    np.save(path, inverted)  # the stored frames are what is loaded
    np.testing.assert_array_equal(load(str(animals), InputOptions())[0].train.frames, inverted)


def test_frames_are_mapped_and_cannot_be_written_over(cache: Path, animals: Path) -> None:
    labels = []
    for _ in range(2):
        data, _ = load(str(animals), InputOptions())
        assert isinstance(data.train.frames, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            data.train.frames[0, 0, 0, 0] = 0
        labels.append(data.train.labels.copy())
        data.train.labels[:] = 7  # labels are the caller's own
    np.testing.assert_array_equal(labels[0], labels[1])


def test_mapped_parts_work_wherever_arrays_do(cache: Path, animals: Path) -> None:
    data, spec = load(str(animals), InputOptions())
    taken = data.train.take(np.array([3, 1]))
    np.testing.assert_array_equal(taken.frames[1], data.train.frames[1])
    assert torch.tensor(data.train.frames).shape == (len(data.train), *spec.shape)
    copied = replace(data, train=Pictures(np.array(data.train.frames), data.train.labels))
    assert copied.digest == data.digest
    again = load_as(str(animals), spec)
    assert again.digest == data.digest


def repaint_with_old_times(animals: Path) -> None:
    """Change pixels, and give the file its old size and modification time."""
    path = animals / "train" / "ant" / "3.png"
    stat, other = path.stat(), encoded(picture(77))
    path.write_bytes(other[: stat.st_size].ljust(stat.st_size, b"\0"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def moved(old: str, new: str) -> Callable[[Path], object]:
    return lambda animals: (animals / "train" / old).rename(animals / "train" / new)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a picture more": lambda animals: write_class(animals / "train" / "ant" / "more", 1),
    "a picture less": lambda animals: (animals / "train" / "ant" / "3.png").unlink(),
    "another name": moved("ant/3.png", "ant/93.png"),
    "another label": moved("ant/3.png", "bee/93.png"),
    "another class name": moved("bee", "wasp"),
    "other pixels": lambda animals: (animals / "train" / "ant" / "3.png").write_bytes(
        encoded(picture(77))
    ),
    "other pixels under the old times": repaint_with_old_times,
    "an unusable file": lambda animals: (animals / "train" / "notes.txt").write_text("bees"),
    "a validation part": lambda animals: write_class(animals / "val" / "ant", 2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_of_the_folder_is_seen(
    change: Callable[[Path], object], cache: Path, animals: Path
) -> None:
    load(str(animals), InputOptions())
    change(animals)
    data, spec = load(str(animals), InputOptions())
    same(data, prepare(read(str(animals)), spec))
    assert len(entries(cache)) == 2


@pytest.mark.parametrize(
    "options",
    [InputOptions(size=12), InputOptions(channels=1), InputOptions(fit=Fit.STRETCH)],
    ids=["size", "channels", "fit"],
)
def test_another_input_has_its_own_entry(options: InputOptions, cache: Path, animals: Path) -> None:
    load(str(animals), InputOptions())
    data, spec = load(str(animals), options)
    same(data, prepare(read(str(animals)), spec))
    assert len(entries(cache)) == 2


def test_another_split_has_its_own_entry(cache: Path, animals: Path) -> None:
    assert len(load(str(animals), InputOptions(), 20)[0].train) == 20
    assert len(load(str(animals), InputOptions(), 22)[0].train) == 22


def test_bundled_data_sets_are_not_cached(cache: Path) -> None:
    load("digits", InputOptions())
    assert entries(cache) == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda folder: (folder / "about.json").unlink(), id="no description"),
        pytest.param(lambda folder: (folder / "about.json").write_text("{"), id="half of it"),
        pytest.param(lambda folder: (folder / "test-frames.npy").unlink(), id="a part is missing"),
        pytest.param(
            lambda folder: os.truncate(folder / "train-frames.npy", 5000), id="frames are cut"
        ),
        pytest.param(
            lambda folder: os.truncate(folder / "train-labels.npy", 0), id="labels are empty"
        ),
        pytest.param(
            lambda folder: np.save(folder / "train-labels.npy", np.zeros(3, np.int64)),
            id="labels of others",
        ),
    ],
)
def test_a_broken_entry_is_made_again(
    damage: Callable[[Path], None], cache: Path, animals: Path
) -> None:
    first, _ = load(str(animals), InputOptions())
    digest = first.digest
    (entry,) = entries(cache)
    damage(cache / entry)
    again, spec = load(str(animals), InputOptions())
    assert again.digest == digest
    same(again, prepare(read(str(animals)), spec))
    assert entries(cache) == [entry]
    assert (cache / entry / "about.json").read_text().endswith("}")


def test_a_cache_that_cannot_be_written_is_a_warning(
    animals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="cannot be stored in .*file.*EDGECNN_CACHE"):
        data, spec = load(str(animals), InputOptions())
    same(data, prepare(read(str(animals)), spec))


LOAD = """
import resource, sys, warnings
warnings.simplefilter('always')
from edgecnn.data.catalog import InputOptions, load
if len(sys.argv) > 2:  # no file may grow beyond so many bytes, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
print(load(sys.argv[1], InputOptions())[0].digest)
"""


def start(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", LOAD, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_cache_that_fills_the_disk_is_a_warning_and_leaves_nothing(
    cache: Path, animals: Path
) -> None:
    out, err = start(animals, "20000").communicate(timeout=120)
    assert "the fitted pictures cannot be stored" in err
    assert entries(cache) == []
    assert out.strip() == load(str(animals), InputOptions())[0].digest


def test_runs_that_start_at_once_share_one_entry(cache: Path, animals: Path) -> None:
    running = [start(animals) for _ in range(3)]
    done = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert [err for _, err in done] == ["", "", ""]
    digests = {out.strip() for out, _ in done}
    assert digests == {load(str(animals), InputOptions())[0].digest}
    assert len(entries(cache)) == 1


def test_runs_that_find_a_broken_entry_at_once_repair_it(cache: Path, animals: Path) -> None:
    digest = load(str(animals), InputOptions())[0].digest
    (entry,) = entries(cache)
    os.truncate(cache / entry / "train-frames.npy", 100)
    running = [start(animals) for _ in range(3)]
    assert {process.communicate(timeout=120)[0].strip() for process in running} == {digest}
    assert entries(cache) == [entry]


def test_the_cache_lies_in_the_users_cache_unless_edgecnn_cache_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("EDGECNN_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "edgecnn" / "fitted"
    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine" / "fitted"
