"""The window of `collect`: space keeps a frame, b switches burst mode, q ends the recording."""

import time
from collections.abc import Iterable, Iterator

from edgecnn.collector.frame_quality import Selection
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.sinks.screen import check_screen
from edgecnn.sinks.text_drawing import AMBER, BOLD, GRAY, WHITE, bgr_copy, shade, write
from edgecnn.sources.stop import Stop

TITLE = "edgecnn collect"
SPACE, ESCAPE = ord(" "), 27
STEP_MS = 15
SILENT_S = 2.0
"""After this time without a frame, the window shows a warning."""


class Preview:
    """Shows the frames, and marks those that the user wants to keep.

    A window belongs to one thread, and a camera may block its reader. So the reading thread
    iterates over `preview(frames)`, while the thread that made the window calls `step`, which draws
    and reads keys.
    """

    def __init__(self, label: str, stop: Stop, pause_s: float = 0.0) -> None:
        """Open the window.

        Args:
            label: The class of the pictures.
            stop: A request to stop ends the pause between frames.
            pause_s: How long each frame of a file is shown, seconds.

        Raises:
            DeviceError: There is no screen.
        """
        check_screen("give --every, like 0.5s")
        self.ended = False
        """Whether the user ended the recording in this window."""
        self._label, self._stop, self._pause_s = label, stop, pause_s
        self._newest: Frame | None = None
        self._frame_s = time.monotonic()
        self._keep_next = self._burst = False
        self._kept = 0
        self._last_selection = ""
        self._shown: tuple[object, ...] = ()
        cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # no toolbar

    def __call__(self, frames: Iterable[tuple[Frame, bool]]) -> Iterator[tuple[Frame, bool]]:
        """Yield every frame, and whether to keep it: in burst mode if due, else after a space."""
        for frame, due in frames:
            self._newest, self._frame_s = frame, time.monotonic()
            keep, self._keep_next = self._keep_next, False
            yield frame, keep or (self._burst and due)
            if self._pause_s:
                self._stop.wait(self._pause_s)

    def on_selection(self, selection: Selection) -> None:
        """Show whether the last frame to keep was kept, or why not."""
        self._kept += selection is Selection.KEPT
        self._last_selection = selection.value.replace("_", " ")

    def step(self) -> bool:
        """Draw the newest frame and read keys for some milliseconds; return whether to go on."""
        state = self._state()
        if state != self._shown and self._newest is not None:
            cv2.imshow(TITLE, self._draw(self._newest))
            self._shown = state
        key = cv2.waitKey(STEP_MS) & 0xFF
        closed = cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1
        self.ended = closed or key in (ord("q"), ESCAPE)
        self._keep_next = self._keep_next or key == SPACE
        self._burst ^= key == ord("b")
        return not self.ended

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()

    @property
    def _silent_s(self) -> int:
        silent_s = time.monotonic() - self._frame_s
        return int(silent_s) if silent_s >= SILENT_S else 0

    def _state(self) -> tuple[object, ...]:
        return id(self._newest), self._kept, self._last_selection, self._burst, self._silent_s

    def _draw(self, frame: Frame) -> Frame:
        """Return a (H, W, 3) uint8 BGR copy with the state on a dark strip."""
        canvas = bgr_copy(frame)
        size = max(10, round(canvas.shape[1] / 45))
        line, left = round(1.5 * size), size // 2
        shade(canvas, 0, 0, canvas.shape[1], 2 * line + left)
        note = f"no frame for {self._silent_s} s" if self._silent_s else self._last_selection
        status = f"{self._label}: {self._kept} kept   {note}"
        write(canvas, status, left, left // 2 + line // 2, size, WHITE, BOLD)
        burst = "BURST" if self._burst else "burst"
        colour = AMBER if self._burst or self._silent_s else GRAY
        keys = f"space: keep   b: {burst}   q: end"
        write(canvas, keys, left, left // 2 + 3 * line // 2, size, colour)
        return canvas
