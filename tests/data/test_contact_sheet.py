"""The contact sheet shows the data set's own pictures under their names."""

import numpy as np
import numpy.typing as npt

from edgecnn.data.contact_sheet import CELL, COLUMNS, GAP, MAX_CLASSES, TITLE, contact_sheet
from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.opencv import decode_picture

ROW = TITLE + CELL + GAP


def flat(labels: tuple[str, ...], each: int, channels: int = 3) -> Dataset:
    """Return pictures whose only colour is their class index times 20, plus their number."""
    classes = np.repeat(np.arange(len(labels)), each)
    levels = (classes * 20 + np.tile(np.arange(each), len(labels))).astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (len(levels), 16, 16, channels))
    part = Pictures(np.ascontiguousarray(frames), classes.astype(np.int64))
    return Dataset("flat", labels, part, part, part, ())


def drawn(dataset: Dataset) -> npt.NDArray[np.uint8]:
    sheet = decode_picture(contact_sheet(dataset))
    assert sheet is not None
    return sheet


def cell(sheet: npt.NDArray[np.uint8], row: int, column: int) -> npt.NDArray[np.uint8]:
    top, left = row * ROW + TITLE, GAP + column * (CELL + GAP)
    return sheet[top : top + CELL, left : left + CELL]


def test_each_class_has_a_row_of_its_own_pictures() -> None:
    sheet = drawn(flat(("ant", "bee", "wasp"), 10))
    assert sheet.shape == (3 * ROW, GAP + COLUMNS * (CELL + GAP), 3)
    for row in range(3):
        for column in range(COLUMNS):
            assert np.unique(cell(sheet, row, column)).tolist() == [row * 20 + column]


def test_many_pictures_are_chosen_from_first_to_last() -> None:
    sheet = drawn(flat(("ant", "bee"), 19))
    shown = [int(cell(sheet, 0, column)[0, 0, 0]) for column in range(COLUMNS)]
    assert shown == list(range(0, 19, 2))


def test_few_pictures_are_shown_once_each() -> None:
    sheet = drawn(flat(("ant", "bee"), 3))
    assert [int(cell(sheet, 1, column)[0, 0, 0]) for column in range(4)] == [20, 21, 22, 255]


def test_gray_pictures_are_shown_too() -> None:
    assert np.unique(cell(drawn(flat(("ant", "bee"), 2, channels=1)), 1, 1)).tolist() == [21]


def test_names_of_any_script_are_written_above_their_row() -> None:
    titles = [drawn(flat((name, "bee"), 2))[:TITLE] for name in ("ant", "蜜蜂", "Käfer", "x" * 500)]
    assert all((title < 128).sum() > 50 for title in titles)
    assert len({title.tobytes() for title in titles}) == 4


def test_only_the_first_classes_are_drawn_and_the_rest_is_counted() -> None:
    names = tuple(f"class {i}" for i in range(MAX_CLASSES + 7))
    sheet = drawn(flat(names, 1))
    assert len(sheet) == MAX_CLASSES * ROW + TITLE
    assert (sheet[-TITLE:] < 128).any()
