"""A few real frames with the logits they must give, re-checked wherever the model is opened."""

import base64
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from edgecnn.errors import SpecError
from edgecnn.frame import Frame
from edgecnn.opencv import cv2, encode_png
from edgecnn.records import Record
from edgecnn.spec import ModelSpec

MAX_BYTES = 4096
"""All frames of a model together, as PNG."""


@dataclass(frozen=True)
class Golden(Record):
    """Frames at the network's size, and the logits expected for each."""

    frames_png: tuple[str, ...] = ()
    """Each frame as PNG, in base64."""
    logits: tuple[tuple[float, ...], ...] = ()
    tolerance: float = 0.0
    """Largest difference of a logit that still counts as the same model."""

    def frames(self, spec: ModelSpec) -> list[Frame]:
        """Decode the frames: each (height, width, channels) uint8.

        Raises:
            SpecError: One is not a picture of that size.
        """
        return [_decode(text, spec) for text in self.frames_png]

    def worst_difference(self, logits: npt.NDArray[np.float32]) -> float:
        """Return the largest absolute difference to these (frames, K) logits; NaN counts.

        Raises:
            SpecError: The golden logits are those of other frames or classes.
        """
        frames, classes = logits.shape
        found = [len(row) for row in self.logits]
        if found != [classes] * frames:
            raise SpecError(
                f"golden logits have rows of {found} classes, expected {frames} of {classes}",
                remedy="export the model again",
            )
        expected = np.asarray(self.logits, np.float32).reshape(logits.shape)
        return float(np.abs(expected - logits).max(initial=0.0))


def _decode(text: str, spec: ModelSpec) -> Frame:
    flag = cv2.IMREAD_GRAYSCALE if spec.channels == 1 else cv2.IMREAD_COLOR
    try:
        frame = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), flag)
    except (ValueError, cv2.error):  # no base64, or no bytes
        frame = None
    if frame is None or frame.shape[:2] != spec.shape[:2]:
        raise SpecError(
            f"a golden frame is not a picture of {spec.width}x{spec.height} pixels",
            remedy="export the model again",
        )
    return cast("Frame", frame.reshape(spec.shape))


def encode_frames(frames: list[Frame]) -> tuple[str, ...]:
    """Encode as many of the (height, width, channels) frames as fit into `MAX_BYTES`, in order."""
    texts: list[str] = []
    total = 0
    for frame in frames:
        png = encode_png(frame)
        total += len(png)
        if total > MAX_BYTES:
            break
        texts.append(base64.b64encode(png).decode())
    return tuple(texts)
