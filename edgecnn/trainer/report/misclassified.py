"""The pictures that a network got wrong while it was surest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, encode_png

SIDE = 96
"""A thumbnail's longer side, pixels, at most."""


@dataclass(frozen=True)
class Misclassified:
    """One picture that was labelled wrongly."""

    index: int
    """Its position in the part that was scored."""
    truth: int
    """The class it is, as an index."""
    called: int
    """The class it was taken for."""
    confidence: float
    """Probability of the class it was taken for, 0 to 1."""


def worst_mistakes(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], limit: int = 24
) -> list[Misclassified]:
    """Return the wrong answers, the surest first.

    Args:
        probabilities: (n, classes), each row a softmax.
        labels: (n,) true class indexes.
        limit: How many at most.
    """
    called, confidence = probabilities.argmax(1), probabilities.max(1)  # (n,), (n,)
    wrong = np.flatnonzero(called != labels)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:limit]
    return [
        Misclassified(int(i), int(labels[i]), int(called[i]), float(confidence[i])) for i in surest
    ]


def thumbnails(frames: Sequence[Frame] | Frame) -> tuple[bytes, ...]:
    """Return (h, w, c) uint8 pictures, gray or BGR, as PNG of at most 96 pixels a side.

    A small picture is enlarged a whole number of times, so that its pixels stay sharp squares.
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
