"""Text and shades on a picture; any letters that OpenCV's own fonts have, others become `?`."""

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.text import printable

Colour = tuple[int, int, int]
WHITE, GRAY, DARK = (255, 255, 255), (190, 190, 190), (32, 32, 32)
GREEN, AMBER, RED = (110, 220, 120), (60, 190, 255), (80, 80, 255)

REGULAR, BOLD = 420, 650
_FACE = cv2.FontFace("sans")
_ASCENT = 0.74
"""Height of a capital letter, in shares of a text's size."""


def bgr_copy(frame: Frame) -> Frame:
    """Return a (H, W, 3) BGR copy of a gray, BGR or BGRA frame, which may be drawn on."""
    channels = 1 if frame.ndim == 2 else frame.shape[2]
    if channels == 3:
        return frame.copy()
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
    return cv2.cvtColor(frame, code)  # type: ignore[no-any-return]


def shade(canvas: Frame, left: int, top: int, right: int, bottom: int) -> None:
    """Darken a rectangle so that white shows on it, and it shows on black."""
    part = canvas[max(0, top) : bottom, max(0, left) : right]
    part[:] = part // 4 + 24


def width_of(text: str, size: int, weight: int = REGULAR) -> int:
    """Return a text's width in pixels."""
    left, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _FACE, size, weight)
    return int(left + width)


def fit_text(text: str, size: int, width: int, weight: int = REGULAR) -> str:
    """Return visible text that is cut where it would be too wide."""
    shown = text = printable(text)
    while shown and width_of(shown, size, weight) > width:
        text = text[:-1]
        shown = f"{text.rstrip()}..." if text else ""
    return shown


def write(
    canvas: Frame, text: str, left: int, middle: int, size: int,
    colour: Colour = WHITE, weight: int = REGULAR,
) -> int:  # fmt: skip
    """Write one line whose capital letters stand around a row; return where it ends."""
    shown = fit_text(text, size, canvas.shape[1] - left, weight)
    if shown:
        row = middle + round(size * _ASCENT / 2)
        cv2.putText(canvas, shown, (left, row), colour, _FACE, size, weight)
    return left + width_of(shown, size, weight)
