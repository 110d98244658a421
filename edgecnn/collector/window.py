"""The window of a recording: the space bar takes a frame, b switches the burst, q ends."""

from collections.abc import Iterable, Iterator

from edgecnn.collector.choose import Verdict
from edgecnn.errors import DeviceError
from edgecnn.frame import Frame
from edgecnn.opencv import cv2
from edgecnn.runner.deliver.screen import has_screen

TITLE = "edgecnn collect"
SPACE, ESCAPE = ord(" "), 27


class Preview:
    """Shows the frames, and takes those that a person asks for."""

    def __init__(self, label: str, wait_ms: int = 1) -> None:
        if not has_screen():
            raise DeviceError(
                "there is no screen to show a window on", remedy="give --every, like 0.5s"
            )
        self._label = label
        self._wait_ms = wait_ms
        self._burst = False
        self._kept = 0
        self._last = ""
        cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # no toolbar

    def __call__(self, frames: Iterable[tuple[Frame, bool]]) -> Iterator[tuple[Frame, bool]]:
        """Yield every frame, and whether it is wanted; end with q, Escape or the window's cross."""
        for frame, due in frames:
            cv2.imshow(TITLE, self._draw(frame))
            key = cv2.waitKey(self._wait_ms) & 0xFF
            if key in (ord("q"), ESCAPE) or cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:
                return
            if key == ord("b"):
                self._burst = not self._burst
            yield frame, key == SPACE or (self._burst and due)

    def tell(self, verdict: Verdict) -> None:
        """Show what became of the frame that was wanted."""
        self._kept += verdict is Verdict.KEPT
        self._last = verdict.value.replace("_", " ")

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()

    def _draw(self, frame: Frame) -> Frame:
        """Return a copy with the state on a dark strip: (H, W, 3) BGR."""
        canvas = frame.copy()
        scale = max(0.4, canvas.shape[1] / 1000)
        strip = int(60 * scale)
        canvas[:strip] = canvas[:strip] // 3 + 48  # a strip that shows on black too
        burst = "BURST" if self._burst else "burst"
        lines = (
            f"{self._label}: {self._kept} kept   {self._last}",
            f"space: take   b: {burst}   q: end",
        )
        for row, line in enumerate(lines):
            place = (int(8 * scale), int((24 + 26 * row) * scale))
            cv2.putText(canvas, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale * 0.7,
                        (255, 255, 255), max(1, round(2 * scale)), cv2.LINE_AA)  # fmt: skip
        return canvas
