"""Which pictures stand for all of them, the same ones each time."""

import numpy as np
import numpy.typing as npt

from edgecnn.data.dataset import Pictures
from edgecnn.model.frame import Frame

SEED = 0
DEBUGGED = 64
"""Validation pictures on which the layers' errors are measured; of large ones fewer:"""
DEBUGGED_PIXELS = DEBUGGED * 64 * 64


def debugged_frames(validation: Pictures) -> Frame:
    """Return the validation frames on which layers are measured: (n, H, W, C) uint8."""
    height, width = validation.frames[0].shape[:2]
    count = max(1, min(DEBUGGED, DEBUGGED_PIXELS // (height * width)))
    frames = validation.take(chosen(len(validation), count)).frames
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
