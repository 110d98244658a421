"""Drawing the label and the region of interest on a frame."""

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.result import Result
from edgecnn.sinks.text_drawing import AMBER, BOLD, DARK, WHITE, bgr_copy, shade, write
from edgecnn.sources.region import WHOLE, Region


def label_text(result: Result) -> str:
    """Return a result as one line: the label, with its probability or its status."""
    prediction = result.prediction
    if result.status.value or not prediction:
        return f"{result.label}  ({result.status.value.replace('_', ' ')})"
    if result.label == prediction.label:
        return f"{result.label}  {prediction.probability:.0%}"
    return f"{result.label}  ({prediction.label}? {prediction.probability:.0%})"


def draw_label(result: Result) -> Frame:
    """Return a (H, W, 3) uint8 BGR copy of the frame with the label on a dark strip."""
    canvas = bgr_copy(result.frame_bgr)
    draw_region(canvas, result.region)
    scale = max(0.4, canvas.shape[0] / 260)
    strip_height = int(34 * scale)
    shade(canvas, 0, 0, canvas.shape[1], strip_height)
    write(
        canvas, label_text(result), int(8 * scale), strip_height // 2, int(24 * scale), WHITE, BOLD
    )
    return canvas


def draw_region(canvas: Frame, region: Region) -> None:
    """Draw the border of the region of interest on (H, W, 3) BGR, unless it is the whole frame."""
    if region == WHOLE:
        return
    height, width = canvas.shape[:2]
    left, top, right, bottom = region.pixels(height, width)
    thin = max(1, round(height / 480))
    for colour, thick in ((DARK, 3 * thin), (AMBER, thin)):
        cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), colour, thick)
