"""Drawing the window of a run: the frame, its predictions and the state of the run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.result import Result
from edgecnn.runner.smoothing import UNKNOWN
from edgecnn.sinks.overlay import draw_region
from edgecnn.sinks.text_drawing import (
    AMBER,
    BOLD,
    GRAY,
    GREEN,
    RED,
    WHITE,
    bgr_copy,
    fit_text,
    shade,
    width_of,
    write,
)

MIN_HEIGHT, MAX_SIZE = 480, (1280, 720)
"""Small frames are enlarged to about this height, large ones shrunk to this width and height."""
TINY = 100
"""Frames with fewer rows are enlarged without interpolation, so that their pixels are visible."""
TOP = 3
"""How many classes have a bar."""
LINE = 22
"""Height of a line of small text at `MIN_HEIGHT`, pixels."""
HELP = "q: end   p: pause   s: save   l: label"


@dataclass(frozen=True, eq=False)
class View:
    """What the window shows."""

    result: Result | None = None
    """None before the first result."""
    fps: float = 0.0
    """Results per second."""
    silent_s: float = 0.0
    """Seconds since the newest result, if it is overdue; else 0."""
    paused: bool = False
    recording: bool = False
    note: str = ""
    """A message about the last key."""
    choices: Sequence[tuple[str, str]] = ()
    """Keys, and the class with which each labels the frame."""
    several: bool = False
    """Whether the run has several sources."""


def draw_view(view: View) -> Frame:
    """Return the image of the window, (H, W, 3) uint8 BGR."""
    canvas = _canvas(view.result)
    if view.result:
        draw_region(canvas, view.result.region)
    unit = max(0.7, min(canvas.shape[:2]) / MIN_HEIGHT)
    line = round(LINE * unit)
    strip = round(1.9 * line)
    shade(canvas, 0, 0, canvas.shape[1], strip)
    _draw_label(canvas, view, strip, _draw_marks(canvas, view, strip))
    if view.result:
        _draw_bars(canvas, view.result, strip + line // 3, line)
    if view.choices:
        _draw_choices(canvas, view.choices, strip + line // 3, line)
    _draw_footer(canvas, view, line)
    return canvas


def _canvas(result: Result | None) -> Frame:
    """Return a copy of the frame, scaled to fit a screen and to hold text."""
    if result is None:
        return np.full((MIN_HEIGHT, MIN_HEIGHT * 4 // 3, 3), 40, np.uint8)
    frame = bgr_copy(result.frame_bgr)
    height, width = frame.shape[:2]
    factor = max(1, round(MIN_HEIGHT / height))
    scale = min(1.0, MAX_SIZE[0] / (width * factor), MAX_SIZE[1] / (height * factor)) * factor
    if scale == 1:
        return frame
    enlarging = cv2.INTER_NEAREST if height < TINY else cv2.INTER_LINEAR
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else enlarging
    return cv2.resize(frame, size, interpolation=interpolation)  # type: ignore[no-any-return]


def _draw_label(canvas: Frame, view: View, strip: int, end: int) -> None:
    """Write the label and its probability or status, up to the column `end`."""
    left, size = strip // 4, round(0.62 * strip)
    result = view.result
    if result is None:
        write(canvas, "waiting for the first frame", left, strip // 2, size, GRAY)
        return
    is_known = result.label != UNKNOWN and not result.status.value
    shown = fit_text(result.label, size, end - left, BOLD)
    left = write(canvas, shown, left, strip // 2, size, GREEN if is_known else AMBER, BOLD)
    left += size // 2
    detail, colour = _detail(result)
    small = round(0.8 * size)
    write(canvas, fit_text(detail, small, end - left), left, strip // 2, small, colour)


def _detail(result: Result) -> tuple[str, tuple[int, int, int]]:
    prediction = result.prediction
    if result.status.value or not prediction:
        return result.status.value.replace("_", " "), RED
    percent = f"{prediction.probability:.0%}"
    if result.label == prediction.label:
        return percent, WHITE
    return f"{prediction.label}? {percent}", GRAY


def _draw_marks(canvas: Frame, view: View, strip: int) -> int:
    """Write PAUSED and REC at the right end of the strip; return the column where they begin."""
    size = round(0.4 * strip)
    end: int = canvas.shape[1] - strip // 4
    for text, colour, shown in (("REC", RED, view.recording), ("PAUSED", AMBER, view.paused)):
        if shown:
            end -= width_of(text, size, BOLD)
            write(canvas, text, end, strip // 2, size, colour, BOLD)
            end -= size
            if text == "REC":
                cv2.circle(canvas, (end + size // 3, strip // 2), size // 3, RED, -1, cv2.LINE_AA)
                end -= size // 2
    return end


def _draw_bars(canvas: Frame, result: Result, top: int, line: int) -> None:
    """Draw the probabilities of the top classes as bars."""
    if not result.prediction:
        return
    rows = result.prediction.top(TOP)
    width, gap, size = 9 * line, line // 3, round(0.68 * line)
    shade(canvas, 0, top, gap + width + gap, top + len(rows) * line + gap)
    for index, (label, probability) in enumerate(rows):
        middle = top + gap // 2 + round((index + 0.5) * line)
        bar = round(width * probability)
        low, high = middle - round(0.4 * line), middle + round(0.4 * line)
        canvas[low:high, gap : gap + bar] = (110, 90, 60)
        percent = f"{probability:.0%}"
        end = gap + width - width_of(percent, size)
        write(canvas, fit_text(label, size, end - 3 * gap), 2 * gap, middle, size)
        write(canvas, percent, end - gap // 2, middle, size)


def _draw_choices(canvas: Frame, choices: Sequence[tuple[str, str]], top: int, line: int) -> None:
    """List the keys that label the frame, at the right."""
    size, width, gap = round(0.68 * line), 7 * line, line // 3
    left = max(0, canvas.shape[1] - width - gap)
    shade(canvas, left, top, canvas.shape[1], top + (len(choices) + 1) * line + gap)
    for index, (key, label) in enumerate([("", "label it as"), *choices]):
        middle = top + gap // 2 + round((index + 0.5) * line)
        write(canvas, key, left + gap, middle, size, AMBER, BOLD)
        column = left + (gap if not key else gap + line)
        shown = fit_text(label, size, canvas.shape[1] - gap - column)
        write(canvas, shown, column, middle, size, WHITE if key else GRAY)


def _draw_footer(canvas: Frame, view: View, line: int) -> None:
    """Write the source and age of the frame, the keys, and the message about the last one."""
    height, width = canvas.shape[:2]
    size, gap = round(0.62 * line), line // 3
    silent = f"no frame for {view.silent_s:.0f} s" if view.silent_s else ""
    message = silent or view.note
    rows = 3 if message else 2
    shade(canvas, 0, height - rows * line - gap, width, height)
    middles = [height - gap // 2 - round((rows - row - 0.5) * line) for row in range(rows)]
    if message:
        write(canvas, message, gap, middles[0], size, AMBER if silent else GREEN, BOLD)
    if view.result:
        write(canvas, _facts(canvas, view.result, view.fps, size), gap, middles[-2], size)
    keys = HELP + ("   tab: next source" if view.several else "")
    write(canvas, keys, gap, middles[-1], size, GRAY)


def _facts(canvas: Frame, result: Result, fps: float, size: int) -> str:
    facts = f"   {fps:.1f} frames/s   age {result.age_ms:.0f} ms"
    room = canvas.shape[1] - 2 * size - width_of(facts, size)
    return fit_text(result.source, size, room) + facts
