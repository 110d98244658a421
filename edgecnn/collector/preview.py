"""The window of a recording: the space bar takes a frame, b switches the burst, q ends."""

import time
from collections.abc import Iterable, Iterator

from edgecnn.collector.frame_quality import Selection
from edgecnn.errors import DeviceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.sinks.screen import has_screen
from edgecnn.sinks.text_drawing import AMBER, BOLD, GRAY, WHITE, bgr_copy, shade, write
from edgecnn.sources.stop import Stop

TITLE = "edgecnn collect"
SPACE, ESCAPE = ord(" "), 27
STEP_MS = 15
SILENT_S = 2.0
"""After so long without a frame the window says so."""


class Preview:
    """Shows the frames, and takes those that a person asks for.

    A screen belongs to one thread, and a camera may keep its reader waiting. So frames pass in the
    thread that reads them, while `step` draws and hears keys in the one that made the window.
    """

    def __init__(self, label: str, stop: Stop, pause_s: float = 0.0) -> None:
        """Open the window.

        Args:
            label: The class of the pictures.
            stop: Ends the pauses.
            pause_s: How long each frame of a file is shown.

        Raises:
            DeviceError: There is no screen.
        """
        if not has_screen():
            raise DeviceError(
                "there is no screen to show a window on", remedy="give --every, like 0.5s"
            )
        self.ended = False
        """Whether a person ended it here."""
        self._label, self._stop, self._pause_s = label, stop, pause_s
        self._newest: Frame | None = None
        self._came_s = time.monotonic()
        self._take = self._burst = False
        self._kept = 0
        self._last = ""
        self._shown: tuple[object, ...] = ()
        cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # no toolbar

    def __call__(self, frames: Iterable[tuple[Frame, bool]]) -> Iterator[tuple[Frame, bool]]:
        """Yield every frame, and whether it is wanted: the next one after the space bar is."""
        for frame, due in frames:
            self._newest, self._came_s = frame, time.monotonic()
            take, self._take = self._take, False
            yield frame, take or (self._burst and due)
            if self._pause_s:
                self._stop.wait(self._pause_s)

    def tell(self, verdict: Selection) -> None:
        """Show what became of the frame that was wanted."""
        self._kept += verdict is Selection.KEPT
        self._last = verdict.value.replace("_", " ")

    def step(self) -> bool:
        """Show the newest frame and hear keys for a moment; False once a person ends it."""
        state = self._state()
        if state != self._shown and self._newest is not None:
            cv2.imshow(TITLE, self._draw(self._newest))
            self._shown = state
        key = cv2.waitKey(STEP_MS) & 0xFF
        closed = cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1
        self.ended = closed or key in (ord("q"), ESCAPE)
        self._take = self._take or key == SPACE
        self._burst ^= key == ord("b")
        return not self.ended

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()

    @property
    def _silent_s(self) -> int:
        silent_s = time.monotonic() - self._came_s
        return int(silent_s) if silent_s >= SILENT_S else 0

    def _state(self) -> tuple[object, ...]:
        return id(self._newest), self._kept, self._last, self._burst, self._silent_s

    def _draw(self, frame: Frame) -> Frame:
        """Return a copy with the state on a dark strip: (H, W, 3) BGR."""
        canvas = bgr_copy(frame)
        size = max(10, round(canvas.shape[1] / 45))
        line, left = round(1.5 * size), size // 2
        shade(canvas, 0, 0, canvas.shape[1], 2 * line + left)
        silent = f"no frame for {self._silent_s} s" if self._silent_s else self._last
        told = f"{self._label}: {self._kept} kept   {silent}"
        write(canvas, told, left, left // 2 + line // 2, size, WHITE, BOLD)
        burst = "BURST" if self._burst else "burst"
        colour = AMBER if self._burst or self._silent_s else GRAY
        write(
            canvas,
            f"space: take   b: {burst}   q: end",
            left,
            left // 2 + 3 * line // 2,
            size,
            colour,
        )
        return canvas
