"""Whether a window can be opened."""

import os
import sys

from edgecnn.errors import DeviceError


def has_screen() -> bool:
    """Return whether a window can be opened; without a screen, OpenCV would abort the process."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def check_screen(remedy: str) -> None:
    """Raise DeviceError with this remedy if no window can be opened."""
    if not has_screen():
        raise DeviceError("there is no screen to show a window on", remedy=remedy)
