"""Data sets by name and path: bundled, under EDGECNN_DATA, in the cache; and their checks."""

from pathlib import Path

import numpy as np
import pytest
from conftest import real_data
from picture_folders import write_class
from sklearn.datasets import load_digits

from data.idx_files import write_idx_folder
from edgecnn.data.catalog import InputOptions, load, read
from edgecnn.data.downloads import BUNDLED
from edgecnn.errors import DataError, NotFound, SpecError
from edgecnn.model.spec import Fit


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own, and no proxy on the way to loopback."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache" / "edgecnn"


def test_the_bundled_digits_are_1797_real_pictures() -> None:
    raw = read(BUNDLED)
    assert len(raw.train) == 1797
    assert (raw.labels, raw.problems) == (tuple("0123456789"), ())
    bunch = load_digits()
    np.testing.assert_array_equal(raw.train.labels, bunch.target)
    levels = np.asarray(raw.train.frames)[..., 0] / (255 / 16)
    np.testing.assert_allclose(levels, bunch.images, atol=0.5 / (255 / 16))


def test_the_bundled_digits_are_trained_at_28x28_gray() -> None:
    data, spec = load(BUNDLED, InputOptions())
    assert spec.shape == (28, 28, 1)
    assert spec.labels == tuple("0123456789")
    for part in (data.train, data.validation, data.test):
        frames = np.asarray(part.frames)
        assert frames.shape == (len(part), 28, 28, 1)
        assert frames.dtype == np.uint8
    assert len(data.train) + len(data.validation) + len(data.test) == 1797


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        pytest.param(InputOptions(), (12, 12, 1), id="the data set's own"),
        pytest.param(InputOptions(size=20), (20, 20, 1), id="another size"),
        pytest.param(InputOptions(channels=3), (12, 12, 3), id="colour"),
        pytest.param(InputOptions(size=9, channels=3), (9, 9, 3), id="both"),
    ],
)
def test_the_options_shape_the_input(
    options: InputOptions, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    folder = write_idx_folder(tmp_path, [0, 1, 2] * 6, [0, 1, 2])
    data, spec = load(str(folder), options)
    assert spec.shape == shape
    assert np.asarray(data.train.frames).shape[1:] == shape


@pytest.mark.parametrize("fit", Fit)
def test_the_fit_asked_for_is_the_models(fit: Fit, tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1, 2] * 6, [0, 1, 2])
    assert load(str(folder), InputOptions(fit=fit))[1].fit is fit


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param(InputOptions(size=-4), "-4x-4", id="negative size"),
        pytest.param(InputOptions(channels=2), "2 channels", id="two channels"),
    ],
)
def test_impossible_options_are_refused(options: InputOptions, reason: str, tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1, 2] * 6, [0, 1, 2])
    with pytest.raises(SpecError, match=reason):
        load(str(folder), options)


def test_a_data_set_is_found_under_edgecnn_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx_folder(tmp_path / "shapes", [0, 1], [0])
    monkeypatch.setenv("EDGECNN_DATA", str(tmp_path))
    raw = read("shapes")
    assert (raw.name, len(raw.train)) == ("shapes", 2)


def test_edgecnn_data_comes_before_a_download(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx_folder(tmp_path / "kmnist", [0, 1], [0])
    monkeypatch.setenv("EDGECNN_DATA", str(tmp_path))
    assert len(read("kmnist").train) == 2
    assert not cache.exists()


@pytest.mark.parametrize("variable", ["set", "unset"])
def test_an_unknown_data_set_is_not_found_and_the_known_ones_are_named(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGECNN_DATA", raising=False)
    if variable == "set":
        monkeypatch.setenv("EDGECNN_DATA", str(tmp_path))
    with pytest.raises(NotFound, match="'imagenet'") as caught:
        read("imagenet")
    for name in ("digits", "mnist", "fashion-mnist", "kmnist"):
        assert name in caught.value.remedy


def test_a_file_is_not_a_data_set(tmp_path: Path) -> None:
    path = tmp_path / "ant.png"
    path.write_bytes(b"")
    with pytest.raises(NotFound, match=r"ant\.png") as caught:
        read(str(path))
    assert "folder" in caught.value.remedy


def test_one_class_is_refused(tmp_path: Path) -> None:
    write_class(tmp_path / "train" / "ant", 3)
    with pytest.raises(DataError, match="one class, 'ant'") as caught:
        read(str(tmp_path))
    assert "two or more" in caught.value.what


def test_class_folders_without_pictures_are_refused(tmp_path: Path) -> None:
    for label in ("ant", "bee"):
        (tmp_path / "train" / label).mkdir(parents=True)
    with pytest.raises(DataError, match="has no pictures"):
        read(str(tmp_path))


def test_an_empty_class_is_named_and_refused(animals: Path) -> None:
    (animals / "train" / "wasp").mkdir()
    with pytest.raises(DataError, match="no training pictures of 'wasp'"):
        read(str(animals))


def test_a_class_of_broken_pictures_is_refused_with_the_first_of_them(animals: Path) -> None:
    folder = animals / "train" / "wasp"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.png").write_bytes(b"broken")
    with pytest.raises(DataError, match="no training pictures of 'wasp'") as caught:
        read(str(animals))
    assert f"unusable files: 3, first {folder / '0.png'}: broken" in caught.value.what


def test_adding_pictures_to_an_empty_class_helps(animals: Path) -> None:
    (animals / "train" / "wasp").mkdir()
    with pytest.raises(DataError, match="wasp") as caught:
        read(str(animals))
    assert "several pictures in each" in caught.value.remedy
    write_class(animals / "train" / "wasp", 2)
    assert read(str(animals)).labels == ("ant", "bee", "wasp")


@pytest.mark.parametrize(("part", "said"), [("val", "validation"), ("test", "test")])
def test_a_part_without_pictures_is_refused(part: str, said: str, animals: Path) -> None:
    (animals / part / "ant").mkdir(parents=True)
    with pytest.raises(DataError, match=f"no {said} pictures"):
        read(str(animals))


def test_a_validation_part_may_lack_a_class(animals: Path) -> None:
    write_class(animals / "val" / "bee", 2)
    raw = read(str(animals))
    assert raw.validation is not None
    assert raw.validation.labels.tolist() == [1, 1]


def test_real_ants_and_bees_are_two_classes_of_readable_photos() -> None:
    folder = real_data("hymenoptera")
    raw = read(str(folder))
    assert raw.validation is not None
    assert (raw.labels, raw.problems) == (("ants", "bees"), ())
    for part, pictures in (("train", raw.train), ("val", raw.validation)):
        files = [len(list((folder / part / label).iterdir())) for label in raw.labels]
        assert np.bincount(pictures.labels).tolist() == files
    assert len(raw.train) + len(raw.validation) == 396
    assert all(frame.ndim == 3 and min(frame.shape[:2]) > 100 for frame in raw.train.frames)


def test_strict_refuses_unusable_files_with_their_number_and_the_first(animals: Path) -> None:
    for i in range(10, 15):
        (animals / "train" / "ant" / f"{i}.png").write_bytes(b"broken")
    write_class(animals / "train" / "bee", 20)
    write_class(animals / "train" / "ant", 10)
    for strictly in (read, lambda data, strict: load(data, InputOptions(), strict=strict)):
        with pytest.raises(DataError, match="unusable files: 5;") as caught:
            strictly(str(animals), strict=True)
        assert f"{animals / 'train' / 'ant' / '10.png'}: broken" in caught.value.what
        assert "and 2 more" in caught.value.what
        assert "strict" in caught.value.remedy


def test_strict_still_refuses_what_was_loaded_before_without_it(animals: Path) -> None:
    write_class(animals / "train" / "bee", 20)
    write_class(animals / "train" / "ant", 20)
    (animals / "notes.txt").write_text("bees")
    assert len(load(str(animals), InputOptions())[0].problems) == 1
    with pytest.raises(DataError, match="unusable files: 1;"):
        load(str(animals), InputOptions(), strict=True)


def test_strict_takes_a_clean_data_set(animals: Path) -> None:
    assert len(read(str(animals), strict=True).train) == 7
