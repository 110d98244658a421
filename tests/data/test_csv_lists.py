"""CSV lists of pictures: what people write into them, and what they meant."""

from pathlib import Path

import numpy as np
import pytest
from picture_folders import encoded, picture, write_class

from edgecnn.data.catalog import InputOptions, load, read
from edgecnn.data.csv_lists import list_csv
from edgecnn.errors import DataError, NotFound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`pictures/0.png` to `pictures/9.png`, no two alike."""
    write_class(tmp_path / "pictures", 10)
    return tmp_path


def write_list(folder: Path, *lines: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(count: int = 10, split: str = "") -> list[str]:
    return [f"pictures/{i}.png,{('ant', 'bee')[i % 2]}{split}" for i in range(count)]


def test_a_list_gives_the_pictures_it_names_with_their_labels(folder: Path) -> None:
    raw = read(str(write_list(folder, "path,label", *rows())))
    assert (raw.labels, raw.problems) == (("ant", "bee"), ())
    assert raw.train.labels.tolist() == [0, 1] * 5
    assert raw.validation is None
    assert raw.test is None
    wanted = read(str(write_list(folder, "path,label", "pictures/3.png,b", "pictures/4.png,a")))
    np.testing.assert_array_equal(raw.train.frames[3], wanted.train.frames[0])


def test_a_list_with_splits_gives_three_parts(folder: Path) -> None:
    path = write_list(
        folder, "path,label,split", *rows(4, ",train"), "pictures/4.png,bee,val",
        "pictures/5.png,ant,validation", "pictures/6.png,bee,TEST",
    )  # fmt: skip
    raw = read(str(path))
    assert raw.validation is not None
    assert raw.test is not None
    assert raw.train.labels.tolist() == [0, 1, 0, 1]
    assert raw.validation.labels.tolist() == [1, 0]
    assert raw.test.labels.tolist() == [1]


def test_the_columns_may_stand_in_any_order(folder: Path) -> None:
    path = write_list(
        folder, "split,label,path", "train,ant,pictures/0.png", "test,ant,pictures/1.png",
        "train,bee,pictures/2.png",
    )  # fmt: skip
    raw = read(str(path))
    assert raw.train.labels.tolist() == [0, 1]
    assert raw.test is not None
    assert raw.test.labels.tolist() == [0]


def test_a_list_that_a_spreadsheet_wrote_is_read(folder: Path) -> None:
    (folder / "pictures" / "a, b.png").write_bytes(encoded(picture(1)))
    path = folder / "list.csv"
    text = '\ufeffpath,label\r\n"pictures/a, b.png","Käfer"\r\n\r\npictures/0.png, 蜜蜂 \r\n'
    path.write_bytes(text.encode())
    raw = read(str(path))
    assert (raw.labels, raw.problems) == (("Käfer", "蜜蜂"), ())


def test_paths_are_relative_to_the_list_and_may_be_absolute(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_list(folder, "path,label", "pictures/0.png,a", f"{folder}/pictures/1.png,b")
    monkeypatch.chdir("/")
    assert len(read(str(path)).train) == 2


def test_a_list_is_loaded_fitted_and_split(folder: Path) -> None:
    write_class(folder / "pictures", 30)
    data, spec = load(str(write_list(folder, "path,label", *rows(30))), InputOptions(size=8))
    assert spec.shape == (8, 8, 3)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [20, 4, 6]


def test_a_list_is_found_under_edgecnn_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_list(folder, "path,label", *rows())
    monkeypatch.setenv("EDGECNN_DATA", str(folder))
    assert len(read("list.csv").train) == 10
    with pytest.raises(NotFound, match=r"other\.csv"):
        read("other.csv")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("pictures/99.png,ant,train", "/pictures/99.png does not exist", id="missing"),
        pytest.param("pictures,ant,train", "/pictures is not a picture", id="folder"),
        pytest.param("list.csv,ant,train", "/list.csv is not a picture", id="other file"),
        pytest.param("pictures/8.png,ant,dev", "split is 'dev', not train, val", id="split"),
        pytest.param("pictures/8.png,ant,", "split is '', not train, val", id="no split"),
        pytest.param("pictures/8.png,,train", "has no label", id="no label"),
        pytest.param(",ant,train", "has no path", id="no path"),
        pytest.param("pictures/8.png,ant", "more or fewer cells", id="too few cells"),
        pytest.param("pictures/8.png,ant,train,x", "more or fewer cells", id="too many cells"),
        pytest.param("pictures/0.png,bee,test", "/pictures/0.png is listed twice", id="twice"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(
    line: str, reason: str, folder: Path
) -> None:
    path = write_list(folder, "path,label,split", *rows(4, ",train"), line)
    raw = read(str(path))
    assert len(raw.problems) == 1
    assert raw.problems[0].startswith(f"{path}, line 6: ")
    assert reason in raw.problems[0]
    assert raw.train.labels.tolist() == [0, 1, 0, 1]


def test_a_broken_picture_of_a_list_is_named(folder: Path) -> None:
    (folder / "pictures" / "2.png").write_bytes(b"broken")
    raw = read(str(write_list(folder, "path,label", *rows(4))))
    assert raw.problems == (f"{folder / 'pictures' / '2.png'}: broken",)
    assert raw.train.labels.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "header",
    ["path;label", "file,label", "path", "path,label,weight", "path,path,label", "", "a.png,ant"],
)
def test_a_list_with_other_columns_is_refused_with_the_right_ones(
    header: str, folder: Path
) -> None:
    path = write_list(folder, header, *rows())
    with pytest.raises(DataError, match="has the columns") as caught:
        read(str(path))
    assert str(path) in caught.value.what
    assert "path,label,split" in caught.value.remedy


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"path,label\n\xe4.png,ant\n", id="not UTF-8"),
        pytest.param(b'path,label\n"a.png,ant\n', id="quote without an end"),
    ],
)
def test_a_file_that_is_no_csv_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a readable CSV file") as caught:
        list_csv(path, "list")
    assert "UTF-8" in caught.value.remedy


def test_a_class_without_training_rows_is_refused(folder: Path) -> None:
    path = write_list(folder, "path,label,split", *rows(4, ",train"), "pictures/5.png,moth,test")
    with pytest.raises(DataError, match="without training rows: moth"):
        read(str(path))


def test_a_list_without_rows_has_no_pictures(folder: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        read(str(write_list(folder, "path,label")))
