"""A window on a screen, if there is one."""

from edgecnn.errors import DeviceError
from edgecnn.opencv import cv2
from edgecnn.runner.deliver.overlay import draw_label
from edgecnn.runner.deliver.screen import has_screen
from edgecnn.runner.result import Result

STEP_MS = 15


class WindowSink:
    """Shows the newest result in a window. A screen belongs to one thread, so it has two faces.

    Results come from the thread that delivers them; `step` draws, in the thread that made it.
    """

    name, depth, vital = "window", 1, False
    _TITLE = "edgecnn"

    def __init__(self) -> None:
        if not has_screen():
            raise DeviceError(
                "there is no screen to show a window on", remedy="leave --show out, or use --save"
            )
        cv2.namedWindow(self._TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)  # no toolbar
        self._newest: Result | None = None

    def __call__(self, result: Result) -> None:
        """Remember the result for `step`."""
        self._newest = result

    def step(self) -> bool:
        """Show the newest result and hear keys for a moment; tell whether to go on."""
        newest, self._newest = self._newest, None
        if newest:
            cv2.imshow(self._TITLE, draw_label(newest))
        return cv2.waitKey(STEP_MS) & 0xFF not in (ord("q"), 27)

    def close(self) -> None:
        """Do nothing: `destroy` closes the window, in its own thread."""

    def destroy(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()
