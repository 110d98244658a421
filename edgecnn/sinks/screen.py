"""Whether there is a screen."""

import os
import sys


def has_screen() -> bool:
    """Tell whether a window could open; OpenCV ends the process where none can."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
