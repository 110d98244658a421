"""A contact sheet of a data set: some fitted training pictures of each class."""

import numpy as np

from edgecnn.data.dataset import Dataset
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink
from edgecnn.opencv import cv2, encode_png

COLUMNS, MAX_CLASSES = 10, 40
CELL, GAP, TITLE, FONT = 72, 4, 24, 14
"""In pixels: side of a picture, gap between two, height of a title, and of its font."""

_WHITE, _BLACK = 255, (32, 32, 32)
_MAX_LETTERS = 80


def contact_sheet(dataset: Dataset) -> bytes:
    """Return a PNG with a title and a row of training pictures for each of the first 40 classes.

    The pictures of a row are spaced evenly over the class. OpenCV's built-in font draws the titles;
    it has the letters of most scripts.
    """
    labels = dataset.labels[:MAX_CLASSES]
    rows = [_row(dataset, index) for index in range(len(labels))]
    left_out = len(dataset.labels) - len(labels)
    if left_out:
        rows.append(_title(f"and {left_out} more classes"))
    return encode_png(np.vstack(rows))


def _row(dataset: Dataset, index: int) -> Frame:
    """Draw a class's title and pictures: (TITLE + CELL + GAP, width, 3) BGR."""
    found = np.flatnonzero(dataset.train.labels == index)
    chosen = found[np.unique(np.linspace(0, len(found) - 1, COLUMNS).round().astype(int))]
    strip = _blank(CELL + GAP)
    spec = ModelSpec(dataset.labels, CELL, CELL, 3, Fit.LETTERBOX, Shrink.AREA)
    for column, picture in enumerate(chosen):
        left = GAP + column * (CELL + GAP)
        strip[:CELL, left : left + CELL] = fit_frame(dataset.train.frames[picture], spec)
    title = _title(f"{dataset.labels[index][:_MAX_LETTERS]}, {len(found)} for training")
    return np.vstack([title, strip])


def _title(text: str) -> Frame:
    title = _blank(TITLE)
    cv2.putText(title, text, (GAP, TITLE - 7), _BLACK, cv2.FontFace("sans"), FONT)
    return title


def _blank(height: int) -> Frame:
    return np.full((height, GAP + COLUMNS * (CELL + GAP), 3), _WHITE, np.uint8)
