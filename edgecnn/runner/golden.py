"""A few real frames with the logits they must give, re-checked wherever the model is opened."""

import base64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
        """Decode the frames: each (height, width, channels) uint8."""
        flag = cv2.IMREAD_GRAYSCALE if spec.channels == 1 else cv2.IMREAD_COLOR
        encoded = [np.frombuffer(base64.b64decode(text), np.uint8) for text in self.frames_png]
        return [cv2.imdecode(data, flag).reshape(spec.shape) for data in encoded]

    def worst_difference(self, logits: npt.NDArray[np.float32]) -> float:
        """Return the largest absolute difference to these (frames, K) logits; NaN counts."""
        return float(np.abs(np.asarray(self.logits, np.float32) - logits).max(initial=0.0))


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
