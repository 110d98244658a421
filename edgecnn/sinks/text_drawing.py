"""Text and shading on a frame, with OpenCV's built-in Unicode font."""

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.text import printable

Colour = tuple[int, int, int]
WHITE, GRAY, DARK = (255, 255, 255), (190, 190, 190), (32, 32, 32)
GREEN, AMBER, RED = (110, 220, 120), (60, 190, 255), (80, 80, 255)

REGULAR, BOLD = 420, 650
"""Font weights, 100 to 900."""
_FACE = cv2.FontFace("sans")
_ASCENT = 0.74
"""Height of a capital letter as a share of the text's size."""


def bgr_copy(frame: Frame) -> Frame:
    """Return a (H, W, 3) uint8 BGR copy of a gray, BGR or BGRA frame, to draw on."""
    channels = 1 if frame.ndim == 2 else frame.shape[2]
    if channels == 3:
        return frame.copy()
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
    return cv2.cvtColor(frame, code)  # type: ignore[no-any-return]


def shade(canvas: Frame, left: int, top: int, right: int, bottom: int) -> None:
    """Darken a rectangle so that white text is readable on it; even black gets lighter.

    Args:
        canvas: (H, W, 3) BGR, changed in place.
        left: In pixels, like the rest; the rectangle is cut off at the border.
        top: First row.
        right: Column after the last one.
        bottom: Row after the last one.
    """
    part = canvas[max(0, top) : bottom, max(0, left) : right]
    part[:] = part // 4 + 24


def width_of(text: str, size: int, weight: int = REGULAR) -> int:
    """Return a text's width in pixels.

    Args:
        text: One line.
        size: Height of the text, pixels.
        weight: Of the font.
    """
    left, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _FACE, size, weight)
    return int(left + width)


def fit_text(text: str, size: int, width: int, weight: int = REGULAR) -> str:
    """Return printable text, shortened with `...` if it is wider than `width` pixels.

    Args:
        text: One line, from any source.
        size: Height of the text, pixels.
        width: The most that it may take, pixels.
        weight: Of the font.
    """
    shown = text = printable(text)
    while shown and width_of(shown, size, weight) > width:
        text = text[:-1]
        shown = f"{text.rstrip()}..." if text else ""
    return shown


def write(
    canvas: Frame, text: str, left: int, middle: int, size: int,
    colour: Colour = WHITE, weight: int = REGULAR,
) -> int:  # fmt: skip
    """Draw one line of text; return the column where it ends.

    Args:
        canvas: (H, W, 3) BGR, changed in place.
        text: Shortened at the right border.
        left: First column.
        middle: The row that capital letters are centred on.
        size: Height of the text, pixels.
        colour: Blue, green, red.
        weight: Of the font.
    """
    shown = fit_text(text, size, canvas.shape[1] - left, weight)
    if shown:
        row = middle + round(size * _ASCENT / 2)
        cv2.putText(canvas, shown, (left, row), colour, _FACE, size, weight)
    return left + width_of(shown, size, weight)
