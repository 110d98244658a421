"""What is drawn on a frame for people."""

from edgecnn.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.result import Result


def draw_label(result: Result) -> Frame:
    """Return a copy of the frame with its label on a dark strip: (H, W, 3) BGR."""
    canvas = _bgr_copy(result.frame_bgr)
    scale = max(0.4, canvas.shape[0] / 260)
    strip = int(34 * scale)
    canvas[:strip] = canvas[:strip] // 3 + 48  # a strip that shows on black too
    text = f"{result.label}  {result.probability:.0%}"
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(2 * scale))
    cv2.putText(canvas, text, (int(8 * scale), int(24 * scale)), font, scale * 0.8,
                (255, 255, 255), thick, cv2.LINE_AA)  # fmt: skip
    return canvas


def _bgr_copy(frame: Frame) -> Frame:
    channels = 1 if frame.ndim == 2 else frame.shape[2]
    if channels == 3:
        return frame.copy()
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
    return cv2.cvtColor(frame, code)  # type: ignore[no-any-return]
