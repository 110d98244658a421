"""What `inspect_data` says of a data set, and what it warns of."""

from pathlib import Path

import numpy as np
import pytest
from picture_folders import encoded, scene

from edgecnn.data.catalog import InputOptions
from edgecnn.data.inspection import DataReport, Spread, inspect_data
from edgecnn.errors import DataError, NotFound
from edgecnn.model.spec import Fit
from edgecnn.opencv import decode_picture


def write_scenes(folder: Path, count: int, height: int = 64, width: int = 64) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    start = sum(folder.as_posix().encode()) * 1000
    for i in range(count):
        (folder / f"{i}-{height}x{width}.png").write_bytes(encoded(scene(start + i, height, width)))
    return folder


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Sixty good pictures: 20 for training, 5 for each other part, of two classes."""
    for label in ("ant", "bee"):
        for part, count in (("train", 20), ("val", 5), ("test", 5)):
            write_scenes(tmp_path / "animals" / part / label, count)
    return tmp_path / "animals"


def report_on(
    folder: Path, options: InputOptions | None = None, *, strict: bool = False
) -> DataReport:
    return inspect_data(
        str(folder), options or InputOptions(), folder.parent / "report", strict=strict
    )


def warned(report: DataReport, words: str) -> str:
    """Return the one warning with these words."""
    (text,) = (text for text in report.warnings if words in text)
    return text


def test_a_good_data_set_is_counted_and_nothing_is_warned_of(animals: Path) -> None:
    report = report_on(animals)
    assert [(row.label, row.train, row.validation, row.test) for row in report.classes] == [
        ("ant", 20, 5, 5), ("bee", 20, 5, 5),
    ]  # fmt: skip
    assert report.shapes.width == report.shapes.height == Spread(64, 64, 64)
    assert (report.shapes.lying, report.shapes.upright, report.shapes.square) == (0, 0, 60)
    assert (report.problems, report.warnings) == ((), ())
    assert (report.leaks.exact, report.leaks.near) == (0, 0)


def test_the_report_survives_json(animals: Path) -> None:
    (animals / "test" / "ant" / "9.png").write_bytes(
        (animals / "train" / "ant" / "3-64x64.png").read_bytes()
    )
    report = report_on(animals)
    assert report.leaks.exact == 1
    assert DataReport.from_json(report.to_json()) == report


def test_the_contact_sheet_is_written_into_the_folder(animals: Path) -> None:
    report = report_on(animals)
    assert Path(report.sheet) == animals.parent / "report" / "contact-sheet.png"
    sheet = decode_picture(Path(report.sheet).read_bytes())
    assert sheet is not None
    assert sheet.shape[2] == 3


def test_sizes_are_those_of_the_files(animals: Path) -> None:
    write_scenes(animals / "train" / "ant", 1, 50, 200)
    write_scenes(animals / "test" / "bee", 1, 120, 30)
    shapes = report_on(animals).shapes
    assert (shapes.width, shapes.height) == (Spread(30, 64, 200), Spread(50, 64, 120))
    assert shapes.aspect == Spread(0.25, 1, 4)
    assert (shapes.lying, shapes.upright, shapes.square) == (1, 1, 60)


def test_the_input_asked_for_is_the_reports(animals: Path) -> None:
    report = report_on(animals, InputOptions(size=48, channels=1, fit=Fit.STRETCH))
    assert report.input.shape == (48, 48, 1)
    assert report.input.fit is Fit.STRETCH


def test_few_pictures_of_a_class_are_warned_of(animals: Path) -> None:
    (animals / "train" / "bee" / "3-64x64.png").unlink()
    assert "20 training pictures: bee 19" in warned(report_on(animals), "fewer than")


def test_uneven_classes_are_warned_of_with_the_way_out(animals: Path) -> None:
    for i in range(41):
        path = animals / "train" / "ant" / f"more{i}.png"
        path.write_bytes(encoded(scene(10**6 + i, 64, 64)))
    text = warned(report_on(animals), "times as many")
    assert text.startswith("ant has 3.0 times as many training pictures as bee")
    assert "balance = true" in text
    (animals / "train" / "ant" / "more0.png").unlink()
    assert report_on(animals).warnings == ()


@pytest.mark.parametrize(("part", "said"), [("val", "validation"), ("test", "test")])
def test_a_class_that_a_part_lacks_is_warned_of(part: str, said: str, animals: Path) -> None:
    for path in (animals / part / "bee").iterdir():
        path.unlink()
    assert warned(report_on(animals), "has no pictures") == f"{said} has no pictures of bee"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        pytest.param(7, "lose most of their detail in the input of 7x7", id="far above"),
        pytest.param(9, "", id="above"),
        pytest.param(128, "", id="half the input"),
        pytest.param(129, "are enlarged for the input of 129x129", id="far below"),
    ],
)
def test_sizes_far_from_the_input_are_warned_of(size: int, words: str, animals: Path) -> None:
    warnings = [
        text for text in report_on(animals, InputOptions(size=size)).warnings if "x" in text
    ]
    assert len(warnings) == bool(words)
    assert words in "".join(warnings)


@pytest.mark.parametrize(
    ("fit", "words"),
    [(Fit.CROP, "cuts their ends off"), (Fit.STRETCH, "distorts"), (Fit.LETTERBOX, "upright")],
)
def test_mixed_orientations_are_warned_of(fit: Fit, words: str, animals: Path) -> None:
    write_scenes(animals / "train" / "ant", 9, 48, 64)
    write_scenes(animals / "train" / "bee", 9, 64, 48)
    text = warned(report_on(animals, InputOptions(fit=fit)), "9 pictures lie and 9 stand upright")
    assert words in text
    (animals / "train" / "bee" / "0-64x48.png").unlink()
    (animals / "train" / "bee" / "1-64x48.png").unlink()
    assert report_on(animals).shapes.upright == 7
    assert not any("upright" in text for text in report_on(animals).warnings)


def test_leaks_are_warned_of(animals: Path) -> None:
    picture = (animals / "train" / "ant" / "3-64x64.png").read_bytes()
    (animals / "test" / "bee" / "9.png").write_bytes(picture)
    report = report_on(animals)
    assert report.leaks.pairs[0].picture == str(animals / "test" / "bee" / "9.png")
    assert report.leaks.pairs[0].train_picture == str(animals / "train" / "ant" / "3-64x64.png")
    assert "1 validation or test pictures are training pictures" in warned(report, "memory")
    assert "is bee, " in warned(report, "another label")


def test_unusable_files_are_listed_or_refused(animals: Path) -> None:
    path = animals / "train" / "ant" / "x.png"
    path.write_bytes(b"broken")
    assert report_on(animals).problems == (f"{path}: broken",)
    with pytest.raises(DataError, match="unusable files: 1"):
        report_on(animals, strict=True)


def test_a_data_set_that_is_not_files_is_reported_too(tmp_path: Path) -> None:
    report = inspect_data("digits", InputOptions(size=14), tmp_path)
    assert report.shapes.width == Spread(28, 28, 28)
    assert report.input.shape == (14, 14, 1)
    assert sum(row.train + row.validation + row.test for row in report.classes) == 1797


def test_a_data_set_that_is_nowhere_leaves_no_report(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        inspect_data(str(tmp_path / "gone"), InputOptions(), tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_the_same_data_set_gives_the_same_report(animals: Path) -> None:
    first = report_on(animals)
    sheet = Path(first.sheet).read_bytes()
    assert report_on(animals) == first
    assert Path(first.sheet).read_bytes() == sheet
    assert np.frombuffer(sheet, np.uint8).size > 1000
