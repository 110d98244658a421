"""Image folders: every usual layout, and every file that does not belong there."""

import os
from pathlib import Path

import numpy as np
import pytest
from picture_folders import as_nobody, encoded, picture, read_image_folder, write_class

from edgecnn.data.catalog import read
from edgecnn.errors import DataError


def test_a_train_folder_alone_gives_training_pictures_alone(animals: Path) -> None:
    raw = read_image_folder(animals, "animals")
    assert (raw.name, raw.labels, raw.problems) == ("animals", ("ant", "bee"), ())
    assert raw.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert raw.validation is None
    assert raw.test is None


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_a_validation_folder_is_used_under_any_usual_name(name: str, animals: Path) -> None:
    write_class(animals / name / "ant", 1)
    write_class(animals / name / "bee", 2)
    raw = read_image_folder(animals, "animals")
    assert raw.validation is not None
    assert raw.validation.labels.tolist() == [0, 1, 1]
    assert raw.test is None


def test_train_val_and_test_folders_are_the_three_parts(animals: Path) -> None:
    for part, count in (("val", 2), ("test", 5)):
        write_class(animals / part / "ant", count)
        write_class(animals / part / "bee", 1)
    raw = read_image_folder(animals, "animals")
    assert raw.validation is not None
    assert raw.test is not None
    parts = (raw.train, raw.validation, raw.test)
    assert [len(part) for part in parts] == [7, 3, 6]
    assert raw.test.labels.tolist() == [0, 0, 0, 0, 0, 1]


def test_without_a_train_folder_the_folders_are_the_classes(tmp_path: Path) -> None:
    write_class(tmp_path / "left", 2)
    write_class(tmp_path / "right", 2)
    raw = read_image_folder(tmp_path, "sides")
    assert raw.labels == ("left", "right")
    assert raw.train.labels.tolist() == [0, 0, 1, 1]
    assert raw.validation is None


def test_nested_folders_belong_to_their_class(animals: Path) -> None:
    write_class(animals / "train" / "ant" / "2023" / "may", 2)
    raw = read_image_folder(animals, "animals")
    assert raw.labels == ("ant", "bee")
    assert raw.train.labels.tolist() == [0] * 5 + [1] * 4


def test_classes_and_pictures_may_have_any_name(tmp_path: Path) -> None:
    for label in ("Käfer", "蜜蜂", "two words"):
        folder = write_class(tmp_path / "train" / label, 1)
        (folder / "0.png").rename(folder / f"{label} 1 (Kopie).PNG")
    raw = read_image_folder(tmp_path / "train", "names")
    assert set(raw.labels) == {"Käfer", "蜜蜂", "two words"}
    assert (len(raw.train), raw.problems) == (3, ())


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("broken.jpg", b"\xff\xd8\xff\xe0 no JPEG", "broken", id="broken JPEG"),
        pytest.param("half.png", encoded(picture(3))[:300], "broken", id="truncated PNG"),
        pytest.param("empty.png", b"", "empty", id="empty picture"),
        pytest.param("text.png", b"I am text", "broken", id="text under a picture's name"),
        pytest.param("notes.txt", b"bees", "not a picture", id="text file"),
        pytest.param("noname", encoded(picture(4)), "not a picture", id="no suffix"),
        pytest.param("clip.mp4", b"....ftyp", "not a picture", id="video"),
    ],
)
def test_a_file_that_is_no_picture_is_named_and_left_out(
    name: str, content: bytes, reason: str, animals: Path
) -> None:
    path = animals / "train" / "bee" / name
    path.write_bytes(content)
    raw = read_image_folder(animals, "animals")
    assert raw.problems == (f"{path}: {reason}",)
    assert raw.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_picture_in_no_class_folder_is_named_and_left_out(part: str, animals: Path) -> None:
    for label in ("ant", "bee"):
        write_class(animals / "val" / label, 1)
        write_class(animals / "test" / label, 1)
    stray = animals / part / "stray.png"
    stray.write_bytes(encoded(picture(5)))
    raw = read_image_folder(animals, "animals")
    assert raw.problems == (f"{stray}: in no class folder",)
    assert len(raw.train) == 7


def test_hidden_files_are_ignored(animals: Path) -> None:
    for folder in (animals, animals / "train", animals / "train" / "ant"):
        (folder / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")
        (folder / "._0.png").write_bytes(b"resource fork")
    raw = read_image_folder(animals, "animals")
    assert (len(raw.train), raw.problems) == (7, ())


def test_hidden_folders_are_ignored(animals: Path) -> None:
    write_class(animals / "train" / ".thumbnails", 2)
    write_class(animals / "train" / "ant" / ".ipynb_checkpoints", 2)
    raw = read_image_folder(animals, "animals")
    assert (raw.labels, len(raw.train), raw.problems) == (("ant", "bee"), 7, ())


def test_a_data_set_may_lie_under_a_hidden_folder(tmp_path: Path) -> None:
    for label in ("ant", "bee"):
        write_class(tmp_path / ".cache" / label, 2)
    assert len(read_image_folder(tmp_path / ".cache", "hidden").train) == 4


def test_a_folder_without_class_folders_is_refused(tmp_path: Path) -> None:
    write_class(tmp_path, 3)
    with pytest.raises(DataError, match="no class folders") as caught:
        read(str(tmp_path))
    assert str(tmp_path) in caught.value.what
    assert "train/<class>/" in caught.value.remedy


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_class_that_train_has_not_is_refused(part: str, animals: Path) -> None:
    write_class(animals / part / "ant", 1)
    write_class(animals / part / "moth", 1)
    with pytest.raises(DataError, match=f"{animals / part}.*moth") as caught:
        read(str(animals))
    assert "training pictures" in caught.value.remedy


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        pytest.param(("val", "test"), "val and test but no train", id="no train"),
        pytest.param(("train", "val", "valid"), "both val and valid", id="two validation parts"),
        pytest.param(("Train", "train"), "both Train and train", id="two training parts"),
    ],
)
def test_parts_that_could_be_misunderstood_are_refused(
    tmp_path: Path, parts: tuple[str, ...], words: str
) -> None:
    for part in parts:
        (tmp_path / part / "a").mkdir(parents=True)
        (tmp_path / part / "b").mkdir()
    with pytest.raises(DataError, match=words):
        read_image_folder(tmp_path, "parts")


@pytest.mark.parametrize(
    "names", [("Train", "Val", "Test"), ("TRAIN", "VALIDATION", "TEST"), ("train", "Valid", "test")]
)
def test_the_parts_may_be_written_in_any_case(names: tuple[str, str, str], tmp_path: Path) -> None:
    for name, count in zip(names, (3, 2, 1), strict=True):
        for label in ("ant", "bee"):
            write_class(tmp_path / name / label, count)
    raw = read_image_folder(tmp_path, "cases")
    assert raw.validation is not None
    assert raw.test is not None
    assert [len(part) for part in (raw.train, raw.validation, raw.test)] == [6, 4, 2]
    assert (raw.labels, raw.problems) == (("ant", "bee"), ())


def test_what_lies_beside_train_is_named_and_not_read(animals: Path) -> None:
    (animals / "README.md").write_text("ants and bees")
    (animals / "one.png").write_bytes(encoded(picture(1)))
    write_class(animals / "extra" / "ant", 2)
    raw = read_image_folder(animals, "animals")
    assert set(raw.problems) == {
        f"{animals / 'README.md'}: in no class folder",
        f"{animals / 'one.png'}: in no class folder",
        f"{animals / 'extra'}: not train, val or test",
    }
    assert len(raw.train) == 7


def test_a_linked_class_folder_and_a_linked_picture_are_read(animals: Path, tmp_path: Path) -> None:
    elsewhere = write_class(tmp_path / "elsewhere", 2)
    (animals / "train" / "wasp").symlink_to(elsewhere, target_is_directory=True)
    (animals / "train" / "ant" / "more.png").symlink_to(elsewhere / "0.png")
    raw = read_image_folder(animals / "train", "animals")
    assert raw.labels == ("ant", "bee", "wasp")
    assert np.bincount(raw.train.labels).tolist() == [4, 4, 2]


def test_links_that_lead_in_circles_are_named_and_every_picture_is_read_once(animals: Path) -> None:
    ants = animals / "train" / "ant"
    deep = write_class(ants / "deep", 1)
    (deep / "up").symlink_to(ants, target_is_directory=True)
    (deep / "again").symlink_to(deep, target_is_directory=True)
    (ants / "self.png").symlink_to(ants / "self.png")
    raw = read_image_folder(animals, "animals")
    assert raw.train.labels.tolist() == [0] * 4 + [1] * 4
    again = "a link to a folder that is read already"
    assert set(raw.problems) == {
        f"{deep / 'up'}: {again}",
        f"{deep / 'again'}: {again}",
        f"{ants / 'self.png'}: a link to nothing",
    }


def test_a_link_to_nothing_and_a_folder_with_a_pictures_name_are_no_pictures(animals: Path) -> None:
    ants = animals / "train" / "ant"
    (ants / "gone.png").symlink_to(animals / "gone.png")
    (ants / "folder.png").mkdir()
    os.mkfifo(ants / "pipe.png")
    raw = read_image_folder(animals, "animals")
    assert set(raw.problems) == {
        f"{ants / 'gone.png'}: a link to nothing",
        f"{ants / 'pipe.png'}: not a file",
    }


def test_a_folder_that_may_not_be_read_is_named_with_the_reason(open_animals: Path) -> None:
    folder = write_class(open_animals / "train" / "ant" / "secret", 2)
    folder.chmod(0)
    with as_nobody():
        raw = read_image_folder(open_animals, "animals")
    folder.chmod(0o755)
    assert raw.problems == (f"{folder}: cannot be read: Permission denied",)
    assert len(raw.train) == 7


def test_a_part_that_may_not_be_read_is_refused(open_animals: Path) -> None:
    folder = open_animals / "train"
    folder.chmod(0)
    with as_nobody(), pytest.raises(DataError, match="cannot be read: Permission denied") as caught:
        read_image_folder(open_animals, "animals")
    folder.chmod(0o755)
    assert str(folder) in caught.value.what
    assert "permissions" in caught.value.remedy
