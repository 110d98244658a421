"""MNIST-format files: what is read, what is refused, and the real MNIST."""

import contextlib
import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from conftest import real_data
from hypothesis import given, settings
from hypothesis import strategies as st

from data.idx_files import idx_bytes, image_file, label_file, write_idx_folder
from edgecnn.data.catalog import InputOptions, load
from edgecnn.data.idx import FILES, is_idx_folder, read_idx, read_idx_folder
from edgecnn.errors import DataError

MNIST_MD5 = (
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
)
"""Of the decompressed files, in the order of FILES."""

CUBE = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("values", [CUBE, CUBE[0, 0], CUBE[:0]], ids=["cube", "list", "empty"])
@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
def test_an_idx_file_gives_back_the_array_it_was_made_of(
    values: np.ndarray, gzipped: bool, tmp_path: Path
) -> None:
    data = idx_bytes(values)
    path = tmp_path / "values"
    path.write_bytes(gzip.compress(data) if gzipped else data)
    answer = read_idx(path)
    assert answer.dtype == np.uint8
    np.testing.assert_array_equal(answer, values)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        pytest.param(b"", "nothing", id="empty file"),
        pytest.param(b"\x00\x00", "00 00", id="two bytes"),
        pytest.param(b"PNG!" + bytes(100), "50 4e 47 21", id="not IDX"),
        pytest.param(bytes((0, 0, 13, 1, 0, 0, 0, 1, 9, 9, 9, 9)), "00 00 0d", id="float values"),
        pytest.param(idx_bytes(CUBE)[:10], "header ends at byte 10", id="truncated header"),
        pytest.param(idx_bytes(CUBE)[:-1], "holds 23 values", id="truncated"),
        pytest.param(idx_bytes(CUBE) + b"\x00", "holds 25 values", id="too long"),
        pytest.param(gzip.compress(idx_bytes(CUBE))[:-9], "end-of-stream", id="truncated gzip"),
        pytest.param(b"\x1f\x8b" + bytes(50), "compression", id="broken gzip"),
        pytest.param(gzip.compress(b"hello"), "68 65 6c 6c", id="gzip of something else"),
        pytest.param(
            bytes((0, 0, 8, 3)) + b"\xff" * 12 + bytes(9), "4294967295", id="absurd sizes"
        ),
        pytest.param(
            bytes((0, 0, 8, 80)) + bytes((0, 0, 0, 1)) * 80 + b"\x07", "80", id="80 dimensions"
        ),
    ],
)
def test_a_broken_file_is_named_and_refused(data: bytes, named: str, tmp_path: Path) -> None:
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(DataError, match=str(path)) as caught:
        read_idx(path)
    assert named in caught.value.what
    assert "download or copy it again" in caught.value.remedy


@settings(deadline=None, max_examples=150)
@given(
    position=st.integers(0, len(idx_bytes(CUBE)) - 1),
    value=st.integers(0, 255),
    length=st.integers(0, len(idx_bytes(CUBE))),
)
def test_a_damaged_file_is_an_array_or_a_refusal_and_never_another_error(
    position: int, value: int, length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(idx_bytes(CUBE))
    data[position] = value
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data[:length])
    with contextlib.suppress(DataError):
        assert idx_bytes(read_idx(path)) == bytes(data[:length])


@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
def test_a_folder_of_four_files_is_a_data_set(gzipped: bool, tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1, 2, 1], [2, 0], side=5, gzipped=gzipped)
    raw = read_idx_folder(folder, "mine")
    assert (raw.name, raw.labels, raw.shape) == ("mine", ("0", "1", "2"), (5, 5, 1))
    assert raw.train.labels.tolist() == [0, 1, 2, 1]
    assert raw.test is not None
    assert raw.test.labels.tolist() == [2, 0]
    assert raw.problems == ()


def test_gzipped_and_plain_folders_hold_the_same_pictures(tmp_path: Path) -> None:
    plain = read_idx_folder(write_idx_folder(tmp_path / "a", [0, 1], [0]), "a")
    zipped = read_idx_folder(write_idx_folder(tmp_path / "b", [0, 1], [0], gzipped=True), "b")
    np.testing.assert_array_equal(plain.train.frames, zipped.train.frames)


def test_only_a_folder_with_training_pictures_is_mnist_format(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1], [0])
    assert is_idx_folder(folder)
    (folder / image_file("train")).unlink()
    assert not is_idx_folder(folder)


@pytest.mark.parametrize(
    "file", [label_file("train"), image_file("t10k"), label_file("t10k"), image_file("train")]
)
def test_a_missing_file_is_named_and_refused(file: str, tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1], [0])
    (folder / file).unlink()
    with pytest.raises(DataError, match=file) as caught:
        read_idx_folder(folder, "mine")
    assert str(folder) in caught.value.what
    assert "all four" in caught.value.remedy


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_labels_that_do_not_count_the_pictures_are_refused(part: str, tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1, 1], [0, 1, 0])
    path = folder / label_file(part)
    path.write_bytes(idx_bytes(np.array([0, 1], np.uint8)))
    with pytest.raises(DataError, match=str(path)) as caught:
        read_idx_folder(folder, "mine")
    assert "(2,)" in caught.value.what
    assert "(3, 12, 12)" in caught.value.what


def test_swapped_files_are_refused(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1], [0])
    images, labels = folder / image_file("train"), folder / label_file("train")
    spare = folder / "spare"
    images.rename(spare)
    labels.rename(images)
    spare.rename(labels)
    with pytest.raises(DataError, match=label_file("train")):
        read_idx_folder(folder, "mine")


def test_labels_beyond_the_names_are_named_counted_and_dropped(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 2, 1, 9, 1], [7, 1, 0])
    (folder / "labels.txt").write_text("ant\nbee\n")
    before = read_idx(folder / image_file("train"))
    raw = read_idx_folder(folder, "mine")
    assert raw.problems == (
        "train picture 1: label 2 has no name",
        "train picture 3: label 9 has no name",
        "t10k picture 0: label 7 has no name",
    )
    assert raw.train.labels.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(np.asarray(raw.train.frames)[..., 0], before[[0, 2, 4]])
    assert raw.test is not None
    assert raw.test.labels.tolist() == [1, 0]


def test_a_test_label_that_training_never_shows_is_dropped_and_named(tmp_path: Path) -> None:
    raw = read_idx_folder(write_idx_folder(tmp_path, [0, 1], [1, 2]), "mine")
    assert raw.labels == ("0", "1")
    assert raw.problems == ("t10k picture 1: label 2 has no name",)


def test_labels_txt_names_the_classes(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1, 2], [0])
    (folder / "labels.txt").write_bytes("T-shirt\r\nKäfer\r\n蟻\r\n".encode())
    assert read_idx_folder(folder, "mine").labels == ("T-shirt", "Käfer", "蟻")


def test_labels_txt_in_another_encoding_is_named_and_refused(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path, [0, 1], [0])
    (folder / "labels.txt").write_bytes("Käfer\nBiene\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"labels\.txt") as caught:
        read_idx_folder(folder, "mine")
    assert "UTF-8" in caught.value.remedy


@pytest.mark.parametrize(("file", "digest"), list(zip(FILES, MNIST_MD5, strict=True)), ids=FILES)
def test_real_mnist_files_are_the_published_ones(file: str, digest: str) -> None:
    data = gzip.decompress(real_data("mnist", file).read_bytes())
    assert hashlib.md5(data).hexdigest() == digest


def test_real_mnist_has_70000_pictures_of_ten_digits() -> None:
    raw = read_idx_folder(real_data("mnist"), "mnist")
    assert raw.test is not None
    assert (len(raw.train), len(raw.test)) == (60_000, 10_000)
    assert (raw.labels, raw.shape) == (tuple("0123456789"), (28, 28, 1))
    assert raw.problems == ()
    # The first labels of MNIST, known from every tutorial.
    assert raw.train.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert raw.test.labels[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]


@pytest.mark.parametrize("train_size", [50_000, 0], ids=["50,000 asked for", "by default"])
def test_real_mnist_splits_in_file_order(train_size: int) -> None:
    folder = real_data("mnist")
    raw = read_idx_folder(folder, "mnist")
    data, _ = load(str(folder), InputOptions(), train_size)
    assert (len(data.train), len(data.validation), len(data.test)) == (50_000, 10_000, 10_000)
    assert np.array_equal(data.train.labels, raw.train.labels[:50_000])
    assert np.array_equal(data.validation.labels, raw.train.labels[50_000:])
    assert np.array_equal(data.train.frames, raw.train.frames[:50_000])
    assert np.array_equal(data.validation.frames, raw.train.frames[50_000:])
