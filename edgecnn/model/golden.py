"""Golden frames: a few real frames with their expected logits, checked when a model is opened."""

import base64
import math
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt

from edgecnn.errors import SpecError
from edgecnn.model.frame import Frame
from edgecnn.model.limits import MAX_DECODED, MAX_GOLDEN, MAX_NAME, demand, is_usable
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import cv2, encode_png
from edgecnn.records import LATER, Record

MAX_BYTES = 4096
"""Most bytes of all frames of a model, as PNG."""
MIN_FRAMES = 3
MAX_HALVINGS = 8
"""How often a frame's height and width are halved at most."""
PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
"""A PNG file begins with it; its width and height follow, four bytes each. Source: ISO 15948."""


@dataclass(frozen=True)
class Golden(Record):
    """Frames, and the expected logits of each."""

    frames_png: tuple[str, ...] = ()
    """Each frame as PNG, in base64: of the network's size, or halved a few times."""
    logits: tuple[tuple[float, ...], ...] = ()
    """(frames, K)"""
    tolerance: float = 0.0
    """Largest accepted difference of a logit."""
    fitted: str = field(default="", metadata=LATER)
    """The result of `fit_probe.probe`; empty in older files."""

    def __post_init__(self) -> None:
        """Refuse more frames than `limits` allow, and numbers that no network gives."""
        count = len(self.frames_png)
        _demand(count <= MAX_GOLDEN, f"there are {count:,}, allowed are {MAX_GOLDEN}")
        usable = self.tolerance >= 0 and is_usable(self.tolerance)
        _demand(usable, f"the tolerance is {self.tolerance}")
        odd = next((logit for row in self.logits for logit in row if not is_usable(logit)), None)
        _demand(odd is None, f"a logit is {odd}")
        _demand(len(self.fitted) <= MAX_NAME, f"`fitted` has {len(self.fitted):,} characters")

    def frames(self, spec: ModelSpec) -> list[Frame]:
        """Decode the frames, each (height, width, channels) uint8.

        Raises:
            SpecError: A frame is not a picture of the expected size, or all are too large together.
        """
        size = math.prod(spec.shape) * len(self.frames_png)
        _demand(size <= MAX_DECODED, f"they take {size:,} bytes, allowed are {MAX_DECODED:,}")
        return [_decode(text, spec) for text in self.frames_png]

    def worst_difference(self, logits: npt.NDArray[np.float32]) -> float:
        """Return the largest absolute difference to (frames, K) float32 logits; NaN if one is NaN.

        Raises:
            SpecError: The golden logits have another number of frames or classes.
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


def _demand(holds: bool, otherwise: str) -> None:
    demand(holds, "golden frames", otherwise)


def _decode(text: str, spec: ModelSpec) -> Frame:
    flag = cv2.IMREAD_GRAYSCALE if spec.channels == 1 else cv2.IMREAD_COLOR
    try:
        png = base64.b64decode(text)
        frame = cv2.imdecode(np.frombuffer(png, np.uint8), flag) if _fits(png, spec) else None
    except (ValueError, cv2.error):  # not base64, or empty
        frame = None
    if frame is None:
        raise SpecError(
            f"a golden frame is not a picture of {spec.width}x{spec.height} pixels, or of a half, "
            "a quarter ... of that",
            remedy="export the model again",
        )
    whole = cv2.resize(frame, (spec.width, spec.height), interpolation=cv2.INTER_LINEAR_EXACT)
    return cast("Frame", whole.reshape(spec.shape))


def _fits(png: bytes, spec: ModelSpec) -> bool:
    """Tell whether the header of a PNG gives a size that the frame may have: before decoding."""
    start = len(PNG_HEAD)
    width, height = (int.from_bytes(png[i : i + 4], "big") for i in (start, start + 4))
    sizes = [_halved(spec.height, spec.width, times) for times in range(MAX_HALVINGS + 1)]
    return png.startswith(PNG_HEAD) and (height, width) in sizes


def _halved(height: int, width: int, times: int) -> tuple[int, int]:
    return max(1, height >> times), max(1, width >> times)


def encode_frames(frames: list[Frame]) -> tuple[str, ...]:
    """Encode the first (height, width, channels) uint8 frames, as many as fit into `MAX_BYTES`.

    If fewer than `MIN_FRAMES` would fit, all frames are halved repeatedly until enough fit: coarse,
    but reproducible on every machine.
    """
    frames = frames[: MAX_DECODED // max(1, frames[0].nbytes)] if frames else []
    texts: tuple[str, ...] = ()
    for times in range(MAX_HALVINGS + 1):
        texts = _pack([_shrink(frame, times) for frame in frames])
        if len(texts) >= min(MIN_FRAMES, len(frames)):
            break
    return texts


def _shrink(frame: Frame, times: int) -> Frame:
    height, width = _halved(frame.shape[0], frame.shape[1], times)
    return cast("Frame", cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA))


def _pack(frames: list[Frame]) -> tuple[str, ...]:
    texts: list[str] = []
    total = 0
    for frame in frames:
        png = encode_png(frame)
        total += len(png)
        if total > MAX_BYTES or len(texts) == MAX_GOLDEN:
            break
        texts.append(base64.b64encode(png).decode())
    return tuple(texts)
