"""A file that is new to this machine is opened once in a limited child process, then remembered."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from craft import with_entry, with_fields, with_new_digest
from hostile_models import endless_products, pad_bomb, written

from edgecnn.errors import ModelError, NotFound, SpecError
from edgecnn.exporter.ship import ExportReport
from edgecnn.inference import first_opening
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.first_opening import limits_of, read_checked, remember
from edgecnn.inference.isolated import isolated
from edgecnn.model import digest
from edgecnn.model.model_file import read_model
from edgecnn.model.shipped import shipped_model, shipped_names


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("EDGECNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were opened in a child process."""
    paths: list[str] = []

    def noted(*arguments: object, **limits: object) -> str:
        paths.append(str(arguments[1]))
        return isolated(*arguments, **limits)  # type: ignore[arg-type]

    monkeypatch.setattr(first_opening, "isolated", noted)
    return paths


def stranger(model: Path, folder: Path) -> Path:
    """Return a copy with another name on its card, which no machine knows."""
    return with_new_digest(model, folder, with_fields(digest.CARD_KEY, name="stranger"))


def test_a_new_file_is_opened_in_a_child_once(
    int8: Path, tmp_path: Path, cache: Path, opened: list[str]
) -> None:
    path = stranger(int8, tmp_path)
    file = read_checked(path)
    assert file == read_model(path) == read_checked(path)
    assert opened == [str(path)]
    assert [entry.name for entry in (cache / "opened").iterdir()] == [file.digest]


def test_a_file_is_known_by_its_digest_wherever_it_lies(
    int8: Path, tmp_path: Path, cache: Path, opened: list[str]
) -> None:
    path = stranger(int8, tmp_path)
    read_checked(path)
    read_checked(path.rename(tmp_path / "moved.onnx"))
    assert len(opened) == 1


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_models_are_known(name: str, cache: Path, opened: list[str]) -> None:
    assert read_checked(name).path == shipped_model(name)
    assert opened == []


def test_a_copy_of_a_shipped_model_is_known(tmp_path: Path, cache: Path, opened: list[str]) -> None:
    shipped = shipped_model("digits")
    assert shipped is not None
    (tmp_path / "copy.onnx").write_bytes(shipped.read_bytes())
    read_checked(tmp_path / "copy.onnx")
    assert opened == []


def test_what_this_machine_exported_is_known(exported: ExportReport, opened: list[str]) -> None:
    for path in exported.files.values():
        read_checked(path)
    assert opened == []


def test_a_file_that_takes_all_memory_is_refused_and_not_remembered(
    tmp_path: Path, cache: Path
) -> None:
    path = written(pad_bomb(), tmp_path)
    with pytest.raises(ModelError, match=r"cannot run it with 768 MiB: .*allocate") as refusal:
        read_checked(path)
    assert str(path) in refusal.value.what
    assert "use a smaller model" in refusal.value.remedy
    assert refusal.value.exit_code == 4
    assert not cache.exists()


def test_a_file_that_never_ends_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_opening, "SECONDS", 1)
    monkeypatch.setattr(first_opening, "CLOCK", 60)
    with pytest.raises(ModelError, match=r"took longer than 2 s of the CPU; it had 800 MiB"):
        read_checked(written(endless_products(), tmp_path))
    assert not cache.exists()


def test_a_file_that_waits_is_ended_by_the_clock(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_opening, "CLOCK", 0.1)
    with pytest.raises(ModelError, match=r"first opening .* failed: no answer for 1\.1 s"):
        read_checked(written(endless_products(), tmp_path))


def test_a_larger_file_may_take_more() -> None:
    small, large = limits_of(100_000), limits_of(200 * 2**20)
    assert (small.memory_mib, small.cpu_seconds, small.clock_seconds) == (768, 10, 30)
    assert (large.memory_mib, large.cpu_seconds, large.clock_seconds) == (2368, 60, 180)


def test_a_file_that_changes_meanwhile_is_refused(
    int8: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stranger(int8, tmp_path)

    def exchanged(*_: object, **__: object) -> str:
        return read_model(int8).digest

    monkeypatch.setattr(first_opening, "isolated", exchanged)
    with pytest.raises(ModelError, match="was changed while it was opened"):
        read_checked(path)
    assert not cache.exists()


def test_what_is_wrong_with_a_file_is_said_as_without_a_child(
    int8: Path, tmp_path: Path, cache: Path
) -> None:
    edit = with_fields(digest.SPEC_KEY, labels=["a", "b", "c"])
    path = with_new_digest(int8, tmp_path, edit)
    with pytest.raises(ModelError, match="graph and its spec disagree") as refusal:
        read_checked(path)
    with pytest.raises(ModelError, match=re.escape(refusal.value.what)):
        Classifier(path)
    with pytest.raises(SpecError, match="golden frame"):
        read_checked(
            with_new_digest(int8, tmp_path, with_fields(digest.GOLDEN_KEY, frames_png=["!"]))
        )
    with pytest.raises(NotFound):
        read_checked(tmp_path / "absent.onnx")


def test_other_answers_to_golden_frames_are_left_to_the_classifier(
    int8: Path, tmp_path: Path, cache: Path
) -> None:
    golden = read_model(int8).golden
    logits = (np.asarray(golden.logits) + 100).tolist()
    path = with_new_digest(int8, tmp_path, with_fields(digest.GOLDEN_KEY, logits=logits))
    file = read_checked(path)
    with pytest.raises(ModelError, match="answers differently on this machine"):
        Classifier(file)


def test_a_file_that_was_read_is_opened_without_reading_it_again(int8: Path) -> None:
    file = read_checked(int8)
    with Classifier(file) as classifier:
        assert classifier.model is file


@pytest.mark.parametrize("place", ["a file", "a folder without rights"])
def test_without_a_cache_folder_files_are_checked_each_time_and_that_is_said(
    int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str], place: str
) -> None:
    (tmp_path / "file").touch()
    cache = str(tmp_path / "file") if place == "a file" else "/proc/1/nothing"
    monkeypatch.setenv("EDGECNN_CACHE", cache)
    path = stranger(int8, tmp_path)
    for _ in range(2):
        with pytest.warns(UserWarning, match=f"{cache}/opened cannot be written: .* EDGECNN_CACHE"):
            assert read_checked(path).path == path
    assert len(opened) == 2


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        pytest.param({"EDGECNN_CACHE": "/e"}, "/e/opened", id="ours"),
        pytest.param({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/edgecnn/opened", id="XDG"),
        pytest.param({"HOME": "/h"}, "/h/.cache/edgecnn/opened", id="home"),
        pytest.param(
            {"XDG_CACHE_HOME": "x", "HOME": "/h"}, "/h/.cache/edgecnn/opened", id="relative XDG"
        ),
        pytest.param({"HOME": "h"}, "/dev/null/no home folder", id="relative home"),
    ],
)
def test_digests_are_remembered_where_caches_are(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EDGECNN_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(first_opening._folder()) == folder


def test_nothing_is_left_in_the_working_folder_without_a_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGECNN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "h")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        remember("0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_shipped_folder_vouches_for_nothing(
    int8: Path, tmp_path: Path, cache: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "broken.int8.onnx").write_bytes(b"\xff")
    monkeypatch.setattr(first_opening, "SHIPPED", tmp_path)
    read_checked(stranger(int8, tmp_path))
    assert len(opened) == 1


def test_the_digest_that_a_file_claims_makes_it_no_known_file(
    int8: Path, tmp_path: Path, opened: list[str]
) -> None:
    known = read_model(int8).digest
    path = with_new_digest(int8, tmp_path, with_entry(digest.CARD_KEY, "{}"))
    content = path.read_bytes()
    claimed = digest.read_metadata(content).values[digest.DIGEST_KEY]
    path.write_bytes(content.replace(claimed.encode(), known.encode()))
    with pytest.raises(ModelError, match="do not match its digest"):
        read_checked(path)
    assert opened == []
