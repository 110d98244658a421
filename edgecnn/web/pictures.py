"""Pictures for viewers: JPEG of a frame, a placeholder, and the part that the network sees."""

import numpy as np

from edgecnn.exhaustive import assert_never
from edgecnn.model.frame import Frame
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.opencv import cv2
from edgecnn.sources.region import Region

LARGE, SMALL = 960, 240
"""Longest side of a picture and of a thumbnail, pixels."""
QUALITY = 80
PLACEHOLDER_SHAPE = (360, 640)
PLACEHOLDER_GRAY = 40


def encode(frame: Frame, longest: int = LARGE) -> bytes:
    """Return a frame as JPEG, shrunk if it is too large.

    Args:
        frame: (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4) BGRA, uint8.
        longest: Longest side of the JPEG, pixels.
    """
    height, width = frame.shape[:2]
    scale = longest / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done, f"a {frame.shape} frame cannot be JPEG"
    return bytes(jpeg)


def placeholder(text: str) -> bytes:
    """Return a dark JPEG with a text, for a source without a frame."""
    canvas = np.full((*PLACEHOLDER_SHAPE, 3), PLACEHOLDER_GRAY, np.uint8)
    font, scale, thick = cv2.FONT_HERSHEY_SIMPLEX, 0.9, 2
    (width, height), _ = cv2.getTextSize(text, font, scale, thick)
    origin = ((PLACEHOLDER_SHAPE[1] - width) // 2, (PLACEHOLDER_SHAPE[0] + height) // 2)
    cv2.putText(canvas, text, origin, font, scale, (200, 200, 200), thick, cv2.LINE_AA)
    return encode(canvas)


def visible_part(spec: ModelSpec, region: Region, height: int, width: int) -> tuple[float, ...]:
    """Return the part of a frame that the network sees: left, top, width, height as shares.

    Args:
        spec: How the region is fitted; center-crop leaves out the edges.
        region: The part of the frame that is classified.
        height: Of the frame, pixels.
        width: Of the frame, pixels.
    """
    left, top, right, bottom = region.pixels(height, width)
    inner_width, inner_height = float(right - left), float(bottom - top)
    match spec.fit:
        case Fit.CROP:
            aspect = spec.width / spec.height
            inner_width, inner_height = (
                min(inner_width, inner_height * aspect),
                min(inner_height, inner_width / aspect),
            )
        case Fit.STRETCH | Fit.LETTERBOX:
            pass  # the whole region
        case _:
            assert_never(spec.fit)
    left_share = ((left + right) / 2 - inner_width / 2) / width
    top_share = ((top + bottom) / 2 - inner_height / 2) / height
    shares = (left_share, top_share, inner_width / width, inner_height / height)
    return tuple(round(share, 4) for share in shares)
