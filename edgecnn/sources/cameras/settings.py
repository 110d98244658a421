"""Camera settings: what is asked of a camera, and what it makes of it."""

from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.opencv import cv2


@dataclass(frozen=True)
class CameraSettings:
    """What to ask of a camera. Zeros and empty text leave it as it is."""

    width: int = 0
    height: int = 0
    fourcc: str = ""
    """Pixel format, such as MJPG or YUYV."""
    fps: float = 0.0
    exposure: float = 0.0
    """In the driver's own units."""

    def asked(self) -> dict[int, float]:
        """Return OpenCV's property numbers with the values asked for, in the order to set them."""
        if self.fourcc and len(self.fourcc) != 4:
            raise OptionError(f"--fourcc is {self.fourcc!r}", remedy="give 4 letters, like MJPG")
        code = cv2.VideoWriter.fourcc(*self.fourcc) if self.fourcc else 0
        requested = {
            cv2.CAP_PROP_FOURCC: float(code),  # first: it decides which sizes there are
            cv2.CAP_PROP_FRAME_WIDTH: float(self.width),
            cv2.CAP_PROP_FRAME_HEIGHT: float(self.height),
            cv2.CAP_PROP_FPS: self.fps,
            cv2.CAP_PROP_EXPOSURE: self.exposure,
        }
        return {prop: value for prop, value in requested.items() if value}


_NAMES = {
    cv2.CAP_PROP_FOURCC: "fourcc",
    cv2.CAP_PROP_FRAME_WIDTH: "width",
    cv2.CAP_PROP_FRAME_HEIGHT: "height",
    cv2.CAP_PROP_FPS: "fps",
    cv2.CAP_PROP_EXPOSURE: "exposure",
}


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height of a text like 640x480; zeros for no text."""
    width, _, height = text.partition("x")
    if text and not (width.isdecimal() and height.isdecimal()):
        raise OptionError(f"--size is {text!r}", remedy="give width and height, like 640x480")
    return (int(width), int(height)) if text else (0, 0)


def configure(capture: "cv2.VideoCapture", settings: CameraSettings) -> list[str]:
    """Ask the camera for the settings; return `name asked X got Y` for each."""
    asked = settings.asked()
    for prop, value in asked.items():
        capture.set(prop, value)
    return [
        f"{_NAMES[prop]} asked {_text(prop, value)} got {_text(prop, capture.get(prop))}"
        for prop, value in asked.items()
    ]


def _text(prop: int, value: float) -> str:
    if prop == cv2.CAP_PROP_FOURCC:
        return int(value).to_bytes(4, "little", signed=value < 0).decode("ascii", "replace")
    return f"{value:g}"
