"""A recording's place follows from its label and from what is there already."""

from pathlib import Path

import pytest

from edgecnn.collector.layout import (
    BACKGROUND,
    Split,
    advice,
    check_label,
    check_out,
    choose_split,
    class_folder,
    count_recordings,
)
from edgecnn.errors import DataError, OptionError


def put_recording(folder: Path, number: int, pictures: int = 2) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for picture in range(1, pictures + 1):
        (folder / f"20260102T030405Z-{number:06x}-{picture:04}.png").write_bytes(b"")


def record(out: Path, count: int) -> list[str]:
    """Make recordings of a cup, each where `auto` says; return their parts."""
    parts = []
    for number in range(count):
        split = choose_split(out, "cup", Split.AUTO)
        put_recording(class_folder(out, split, "cup"), number)
        parts.append(split.value)
    return parts


@pytest.mark.parametrize(
    "label", ["cup", "Käfer", "日本", "cup & saucer", "a'b", "-x", "50%", "[ab]", "a.b"]
)
def test_a_folders_name_is_a_label(label: str) -> None:
    check_label(label)


@pytest.mark.parametrize("label", [
    "", ".", "..", ".hidden", "a/b", "/etc", "a\\b", "C:", "a*b", "what?", "<cup>", "tab\there",
    "line\n", " cup", "cup ", "cup.", "nul\0", "\udcff", "ä" * 128,
])  # fmt: skip
def test_what_cannot_be_a_folders_name_everywhere_is_refused(label: str) -> None:
    with pytest.raises(OptionError, match="--label is") as refusal:
        check_label(label)
    assert "give a" in refusal.value.remedy


def test_the_second_recording_is_for_validation_and_then_about_every_sixth(tmp_path: Path) -> None:
    parts = record(tmp_path, 24)
    assert [number for number, part in enumerate(parts, 1) if part == "val"] == [2, 9, 15, 21]


def test_labels_are_split_each_for_itself(tmp_path: Path) -> None:
    record(tmp_path, 2)
    assert choose_split(tmp_path, "spoon", Split.AUTO) is Split.TRAIN


def test_a_validation_recording_that_was_removed_is_replaced(tmp_path: Path) -> None:
    record(tmp_path, 5)
    for path in (tmp_path / "val" / "cup").iterdir():
        path.unlink()
    assert choose_split(tmp_path, "cup", Split.AUTO) is Split.VAL


def test_a_label_with_validation_and_no_training_pictures_gets_those_first(tmp_path: Path) -> None:
    put_recording(tmp_path / "val" / "cup", 1)
    assert choose_split(tmp_path, "cup", Split.AUTO) is Split.TRAIN


@pytest.mark.parametrize("split", [Split.TRAIN, Split.VAL, Split.TEST])
def test_a_requested_part_is_used(tmp_path: Path, split: Split) -> None:
    record(tmp_path, 3)
    assert choose_split(tmp_path, "cup", split) is split


def test_a_recording_counts_once_and_other_pictures_not_at_all(tmp_path: Path) -> None:
    put_recording(tmp_path, 1, pictures=5)
    put_recording(tmp_path, 2)
    (tmp_path / "holiday-0001.png").write_bytes(b"")
    (tmp_path / ".20260102T030405Z-000003-0001.png").write_bytes(b"")
    assert count_recordings(tmp_path) == 2
    assert count_recordings(tmp_path / "absent") == 0


@pytest.mark.parametrize(("there", "split"), [
    ("valid", Split.VAL), ("validation", Split.VAL), ("Val", Split.VAL), ("TRAIN", Split.TRAIN),
])  # fmt: skip
def test_a_part_keeps_the_name_that_it_has(tmp_path: Path, there: str, split: Split) -> None:
    (tmp_path / there).mkdir()
    assert class_folder(tmp_path, split, "cup") == tmp_path / there / "cup"


def test_class_folders_that_training_would_no_longer_see_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    with pytest.raises(DataError, match="folders cat and no train") as refusal:
        check_out(tmp_path)
    assert "train" in refusal.value.remedy


@pytest.mark.parametrize("there", [[], ["train", "cat"], ["Train", "cat"], ["val"], [".git"]])
def test_a_folder_that_training_reads_is_taken(tmp_path: Path, there: list[str]) -> None:
    for name in there:
        (tmp_path / name).mkdir()
    check_out(tmp_path)
    check_out(tmp_path / "absent")


def test_a_file_is_no_place_for_pictures(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(OptionError, match="which is a file"):
        check_out(tmp_path / "file")


def test_advice_names_the_next_recording_that_is_missing(tmp_path: Path) -> None:
    put_recording(tmp_path / "train" / BACKGROUND, 9)
    for part, words in (("val", "validation"), ("test", "--split test")):
        put_recording(tmp_path / "train" / "cup", 1)
        assert [words in note for note in advice(tmp_path, "cup")] == [True]
        put_recording(tmp_path / part / "cup", 2)
    assert advice(tmp_path, "cup") == ()


def test_advice_says_that_a_classifier_always_answers_one_of_its_classes(tmp_path: Path) -> None:
    assert "always answers one of its classes" in advice(tmp_path, "cup")[-1]
    assert "no training pictures" in advice(tmp_path, "cup")[0]
