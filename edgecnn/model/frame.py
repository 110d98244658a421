"""`fit_frame`: the only preprocessing outside the model's graph.

Data sets, calibration and the runner all call it, so that training and camera cannot differ. It
changes the size and the number of channels only; scaling of values, layout and channel order are in
the graph.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgecnn.errors import FrameError
from edgecnn.exhaustive import assert_never
from edgecnn.model.spec import Fit, ModelSpec, Shrink
from edgecnn.opencv import cv2

Frame = npt.NDArray[np.uint8]
MAX_GRID = 2**25
"""Bytes of `_average_grid` at a time: it takes 64 times the network's input."""


def fit_frame(frame: npt.NDArray[Any], spec: ModelSpec) -> Frame:
    """Resize a camera frame to the network's input size and number of channels.

    Args:
        frame: (H, W) or (H, W, 1) gray, (H, W, 3) BGR or (H, W, 4) BGRA; uint8, any size, any
            strides. Alpha is ignored.
        spec: The target size (pixels), channels, fit and shrink rule.

    Returns:
        (spec.height, spec.width, spec.channels) uint8, C-contiguous. It may share memory with
        `frame` when nothing had to change.

    Raises:
        FrameError: The frame has another number of dimensions or channels, another dtype, or no
            pixels.
    """
    _check(frame)
    if frame.shape == spec.shape:
        return np.ascontiguousarray(frame)
    sized = _resize(frame, spec) if frame.shape[:2] != spec.shape[:2] else frame
    return _to_channels(sized, spec)


def _check(frame: npt.NDArray[Any]) -> None:
    if not isinstance(frame, np.ndarray):
        raise FrameError(
            f"frame is a {type(frame).__name__}, expected a numpy array",
            remedy="pass the array that cv2 returns; None means that nothing was read",
        )
    is_picture = frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] in (1, 3, 4))
    if frame.dtype != np.uint8 or not is_picture:
        raise FrameError(
            f"frame is {frame.dtype} {frame.shape}, expected uint8 (H, W), (H, W, 1), "
            "(H, W, 3) BGR or (H, W, 4) BGRA",
            remedy="pass the array that cv2 returns, unconverted",
        )
    if frame.size == 0:
        raise FrameError(
            f"frame is {frame.shape}: it has no pixels", remedy="check the crop or the source"
        )


def _resize(frame: Frame, spec: ModelSpec) -> Frame:
    match spec.fit:
        case Fit.CROP:
            return _scale(_center_crop(frame, spec), spec.height, spec.width, spec.shrink)
        case Fit.STRETCH:
            return _scale(frame, spec.height, spec.width, spec.shrink)
        case Fit.LETTERBOX:
            return _letterbox(frame, spec)
        case _:
            assert_never(spec.fit)


def _center_crop(frame: Frame, spec: ModelSpec) -> Frame:
    """Return the largest centered view with the target's aspect ratio, at least one pixel."""
    height, width = frame.shape[:2]
    crop_height = max(1, min(height, width * spec.height // spec.width))
    crop_width = max(1, min(width, height * spec.width // spec.height))
    top, left = (height - crop_height) // 2, (width - crop_width) // 2
    return frame[top : top + crop_height, left : left + crop_width]


def _letterbox(frame: Frame, spec: ModelSpec) -> Frame:
    """Fit the whole frame inside the target, centered on black."""
    height, width = frame.shape[:2]
    inner_height = max(1, min(spec.height, height * spec.width // width))
    inner_width = max(1, min(spec.width, width * spec.height // height))
    top, left = (spec.height - inner_height) // 2, (spec.width - inner_width) // 2
    canvas = np.zeros((spec.height, spec.width, *frame.shape[2:]), np.uint8)
    inner = _scale(frame, inner_height, inner_width, spec.shrink)
    canvas[top : top + inner_height, left : left + inner_width] = inner.reshape(
        inner_height, inner_width, *frame.shape[2:]
    )
    return canvas


def _scale(frame: Frame, height: int, width: int, shrink: Shrink) -> Frame:
    """Shrink along the axes that are too long, then enlarge along those that are too short."""
    small_height, small_width = min(height, frame.shape[0]), min(width, frame.shape[1])
    if frame.shape[:2] != (small_height, small_width):
        frame = _shrink(frame, small_height, small_width, shrink)
    if (small_height, small_width) != (height, width):
        frame = _resize_to(frame, height, width, cv2.INTER_LINEAR_EXACT)
    return frame


def _shrink(frame: Frame, height: int, width: int, rule: Shrink) -> Frame:
    """Average pixels by the named rule."""
    match rule:
        case Shrink.AREA:
            return _resize_to(frame, height, width, cv2.INTER_AREA)
        case Shrink.GRID8:
            return _average_grid(frame, height, width)
        case _:
            assert_never(rule)


def _average_grid(frame: Frame, height: int, width: int) -> Frame:
    """Average an 8x8 grid of source pixels for each target pixel."""
    # The grid holds the pixels nearest to the centers of its cells. Where it is finer than the
    # frame, pixels repeat, which weighs them by area. Halving is exact in whole numbers.
    size = 64 * height * width * math.prod(frame.shape[2:])
    if size <= MAX_GRID:
        return _halve(_nearest(frame, 8 * height, 8 * width))
    rows = max(1, height * MAX_GRID // size)
    tall = _nearest(frame, 8 * height, frame.shape[1])
    bands = np.split(tall, range(8 * rows, 8 * height, 8 * rows))
    return np.concatenate([_halve(_nearest(band, len(band), 8 * width)) for band in bands])


def _nearest(frame: Frame, height: int, width: int) -> Frame:
    return _resize_to(frame, height, width, cv2.INTER_NEAREST_EXACT)


def _halve(grid: Frame) -> Frame:
    """Average the cells of (8 h, 8 w) or (8 h, 8 w, c) pixels, by halving three times."""
    for _ in range(3):
        grid = _resize_to(grid, grid.shape[0] // 2, grid.shape[1] // 2, cv2.INTER_AREA)
    return grid


def _resize_to(frame: Frame, height: int, width: int, interpolation: int) -> Frame:
    resized: Frame = cv2.resize(frame, (width, height), interpolation=interpolation)
    return resized


def _to_channels(frame: Frame, spec: ModelSpec) -> Frame:
    """Convert colour last, on the few pixels that are left: -> (h, w, spec.channels)."""
    found = 1 if frame.ndim == 2 else frame.shape[2]
    if found == 4:
        frame, found = np.ascontiguousarray(frame[:, :, :3]), 3
    if found == 3 and spec.channels == 1:
        frame = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if found == 1 and spec.channels == 3:
        frame = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(frame).reshape(spec.shape)
