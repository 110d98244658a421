"""Which pictures stand for all of them, the same ones each time."""

import numpy as np
import numpy.typing as npt

from edgecnn.data.dataset import Pictures
from edgecnn.model.frame import Frame

SEED = 0
SELECTION_SHARE, SELECTION_MOST = 1 / 5, 2000
"""Of the training pictures: kept apart to compare int8 graphs on, at most so many."""
DEBUGGED = 64
"""Pictures on which the layers' errors are measured; of large ones fewer:"""
DEBUGGED_PIXELS = DEBUGGED * 64 * 64


def split_training(train: Pictures) -> tuple[Pictures, Pictures]:
    """Split training pictures: those that calibrate and fine-tune, those that select.

    int8 graphs are compared on the second part, so that validation pictures only judge. The same
    pictures give the same parts.
    """
    count = min(SELECTION_MOST, round(SELECTION_SHARE * len(train)))
    selecting = chosen(len(train), max(1, count))
    rest = np.setdiff1d(np.arange(len(train)), selecting)
    return train.take(rest), train.take(selecting)


def debugged_frames(pictures: Pictures) -> Frame:
    """Return the frames on which layers are measured: (n, H, W, C) uint8."""
    height, width = pictures.frames[0].shape[:2]
    count = max(1, min(DEBUGGED, DEBUGGED_PIXELS // (height * width)))
    frames = pictures.take(chosen(len(pictures), count)).frames
    assert isinstance(frames, np.ndarray)
    return frames


def chosen(total: int, count: int) -> npt.NDArray[np.intp]:
    """Return `count` positions among `total`, or all of them, the same ones each time."""
    generator = np.random.default_rng(SEED)
    return np.sort(generator.choice(total, min(count, total), replace=False))


def calibration_frames(train: Pictures, count: int) -> Frame:
    """Return some training frames: (count, H, W, C) uint8."""
    frames = train.take(chosen(len(train), count)).frames
    assert isinstance(frames, np.ndarray)
    return frames
