"""A video made of test pictures: a source with a known true class for every frame."""

from pathlib import Path

import numpy as np

from edgecnn.data.dataset import Pictures
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.sinks.video.video_file import open_video

HEIGHT, WIDTH, FPS = 480, 640, 15
FRAMES_PER_PICTURE = 3
MAX_SHIFT = 8
"""Largest random shift of a picture along each axis, pixels, as in a hand-held camera."""


def write_video(path: Path, pictures: Pictures, count: int, seed: int = 0) -> list[int]:
    """Write an MP4 of randomly chosen pictures, each enlarged and shown for a few frames.

    Args:
        path: The file to write.
        pictures: Fitted pictures (n, h, w, c) to choose from.
        count: Number of pictures to show, at most.
        seed: Of the choice and of the shifts.

    Returns:
        The class index of every frame, in order.

    Raises:
        DeviceError: The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    chosen = random.choice(len(pictures), min(count, len(pictures)), replace=False)
    writer = open_video(path, path, FPS, (WIDTH, HEIGHT))
    truth = []
    for index in chosen:
        for _ in range(FRAMES_PER_PICTURE):
            writer.write(_place(pictures.frames[index], random))
            truth.append(int(pictures.labels[index]))
    writer.release()
    return truth


def _place(picture: Frame, random: np.random.Generator) -> Frame:
    """Enlarge an (h, w, c) picture onto a black (480, 640, 3) BGR frame, slightly off-center."""
    large = cv2.resize(picture, (HEIGHT, HEIGHT), interpolation=cv2.INTER_LINEAR)
    if large.ndim == 2:
        large = cv2.cvtColor(large, cv2.COLOR_GRAY2BGR)
    right, down = random.integers(-MAX_SHIFT, MAX_SHIFT + 1, 2)
    shift = np.array([[1, 0, (WIDTH - HEIGHT) // 2 + right], [0, 1, down]], np.float32)
    placed: Frame = cv2.warpAffine(large, shift, (WIDTH, HEIGHT))
    return placed
