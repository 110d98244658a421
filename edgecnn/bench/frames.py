"""Frames of a camera's size, made of a network's own pictures: what `bench` and the gate time."""

from collections.abc import Iterable

import numpy as np

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

HEIGHT, WIDTH = 480, 640
CAMERA = f"{WIDTH}x{HEIGHT}"


def camera_frames(pictures: Iterable[Frame]) -> list[Frame]:
    """Return pictures as a common camera would give them: (480, 640, 3) BGR uint8 each.

    A classifier then does what it does on a device: it shrinks each frame before inference.

    Args:
        pictures: (H, W, 1) gray or (H, W, 3) BGR uint8, of any size.
    """
    return [_enlarged(picture) for picture in pictures]


def _enlarged(picture: Frame) -> Frame:
    large = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    if large.ndim == 2:
        large = cv2.cvtColor(large, cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(large)
