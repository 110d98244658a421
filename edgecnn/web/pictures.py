"""Pictures for viewers: JPEG of a frame, of nothing, and which part of a frame the network sees."""

import numpy as np

from edgecnn.exhaustive import assert_never
from edgecnn.model.frame import Frame
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.opencv import cv2
from edgecnn.sources.region import Region

LARGE, SMALL = 960, 240
"""Longest side, pixels."""
QUALITY = 80
FILLER_SHAPE = (360, 640)
FILLER_SHADE = 40


def encode(frame: Frame, longest: int = LARGE) -> bytes:
    """Return a frame, (H, W), (H, W, 1), BGR or BGRA, as JPEG; one that is too large shrinks."""
    height, width = frame.shape[:2]
    scale = longest / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done, f"a {frame.shape} frame cannot be JPEG"
    return bytes(jpeg)


def filler(text: str) -> bytes:
    """Return a dark picture that says why there is none, as JPEG."""
    canvas = np.full((*FILLER_SHAPE, 3), FILLER_SHADE, np.uint8)
    font, scale, thick = cv2.FONT_HERSHEY_SIMPLEX, 0.9, 2
    (width, height), _ = cv2.getTextSize(text, font, scale, thick)
    place = ((FILLER_SHAPE[1] - width) // 2, (FILLER_SHAPE[0] + height) // 2)
    cv2.putText(canvas, text, place, font, scale, (200, 200, 200), thick, cv2.LINE_AA)
    return encode(canvas)


def seen(spec: ModelSpec, region: Region, height: int, width: int) -> tuple[float, ...]:
    """Return left, top, width and height, in shares of the frame, of what the network sees.

    Args:
        spec: How the region is fitted: of center-crop, the edges are left out.
        region: What of the frame is classified.
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
