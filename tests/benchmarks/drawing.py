"""Digits on camera frames: as they are or as thin lines, clean or with noise."""

from dataclasses import dataclass

import numpy as np

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

SIDE = 84
"""Side at which digits are thinned to lines of one pixel."""


@dataclass(frozen=True)
class Condition:
    """How a digit is drawn."""

    name: str
    line: int
    """Width of its lines, pixels of the 640x480 frame. 0: as it is."""
    noise: float
    """Standard deviation, levels."""


CONDITIONS = (
    Condition("noise", 0, 25.0),
    Condition("thin", 5, 0.0),
    Condition("thin, noise", 5, 25.0),
    Condition("hair, noise", 3, 25.0),
)


def draw_frame(
    digit: Frame, lines: Frame, condition: Condition, random: np.random.Generator
) -> Frame:
    """Draw a (28, 28) digit, or its (84, 84) lines, onto a (480, 640, 3) frame."""
    gray = np.zeros((480, 640), np.uint8)
    if condition.line:
        gray[:, 80:560] = _stroke(lines, condition.line)
    else:
        gray[:, 80:560] = cv2.resize(digit, (480, 480), interpolation=cv2.INTER_LINEAR)
    frame: Frame = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    if condition.noise:
        grain = random.standard_normal(frame.shape, np.float32) * condition.noise
        frame = np.clip(frame + grain, 0, 255).astype(np.uint8)
    return frame


def _stroke(lines: Frame, width: int) -> Frame:
    """Draw lines of `width` pixels through the pixels of a thinned digit: (480, 480)."""
    canvas = np.zeros((480, 480), np.uint8)
    scale = 480 / SIDE
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        other = np.roll(lines, (-down, -right), (0, 1))  # the border is empty
        for y, x in np.argwhere((lines > 0) & (other > 0)):
            start = (round((x + 0.5) * scale), round((y + 0.5) * scale))
            end = (round((x + right + 0.5) * scale), round((y + down + 0.5) * scale))
            cv2.line(canvas, start, end, 255, width, cv2.LINE_AA)
    return canvas


def thin_lines(digits: Frame) -> Frame:
    """Thin (n, 28, 28) digits to lines of one pixel: (n, 84, 84) of 0 and 1.

    Source: Zhang and Suen 1984, "A fast parallel algorithm for thinning digital patterns".
    """
    large = np.stack([cv2.resize(d, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for d in digits])
    on = (large > 110).astype(np.uint8)
    on[:, [0, -1]] = on[:, :, [0, -1]] = 0
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            removable = _removable(on, first=first)
            changed |= bool(removable.any())
            on[removable] = 0
    return on


def _removable(on: Frame, *, first: bool) -> np.ndarray:
    """Return which pixels one sub-iteration removes."""
    around = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
    p = [np.roll(on, (-down, -right), (1, 2)) for down, right in around]  # clockwise from north
    neighbours = sum(p)
    rises = sum((p[i] == 0) & (p[(i + 1) % 8] == 1) for i in range(8))
    if first:
        corner = (p[0] * p[2] * p[4] == 0) & (p[2] * p[4] * p[6] == 0)
    else:
        corner = (p[0] * p[2] * p[6] == 0) & (p[0] * p[4] * p[6] == 0)
    removable: np.ndarray = (
        (on == 1) & (neighbours >= 2) & (neighbours <= 6) & (rises == 1) & corner
    )
    return removable
