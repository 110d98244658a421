"""The misclassified pictures with the highest confidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, encode_png

SIDE = 96
"""Longer side of a thumbnail, pixels, at most."""


@dataclass(frozen=True)
class Misclassified:
    """One misclassified picture."""

    index: int
    """Its index in the part that was scored."""
    truth: int
    """Index of the true class."""
    predicted: int
    """Index of the predicted class."""
    confidence: float
    """Probability of the predicted class, 0 to 1."""


def worst_mistakes(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], limit: int = 24
) -> list[Misclassified]:
    """Return the misclassified pictures, the most confident predictions first.

    Args:
        probabilities: (n, classes), each row a softmax.
        labels: (n,) true class indexes.
        limit: Largest number to return.
    """
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)  # (n,), (n,)
    wrong = np.flatnonzero(predicted != labels)
    most_confident = wrong[np.argsort(-confidence[wrong], kind="stable")][:limit]
    return [
        Misclassified(int(i), int(labels[i]), int(predicted[i]), float(confidence[i]))
        for i in most_confident
    ]


def thumbnails(frames: Sequence[Frame] | Frame) -> tuple[bytes, ...]:
    """Return (h, w, c) uint8 pictures, gray or BGR, as PNGs with sides of at most 96 pixels.

    A small picture is enlarged by an integer factor, so that its pixels become sharp squares.
    """
    return tuple(encode_png(_resize(frame)) for frame in frames)


def _resize(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    times = SIDE // max(height, width)
    if times >= 1:
        return frame.repeat(times, axis=0).repeat(times, axis=1)
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small: Frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return small
