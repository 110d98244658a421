"""Camera settings: the requested values, and those that the camera accepted."""

from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.opencv import cv2


@dataclass(frozen=True)
class CameraSettings:
    """Requested settings of a camera. Zeros and an empty text leave a setting unchanged."""

    width: int = 0
    height: int = 0
    """Frame size in pixels."""
    fourcc: str = ""
    """Pixel format, such as MJPG or YUYV."""
    fps: float = 0.0
    """Frames a second."""
    exposure: float = 0.0
    """In the driver's own units."""

    def asked(self) -> dict[int, float]:
        """Return the requested values by OpenCV's property numbers, in the order to set them.

        Raises:
            OptionError: The pixel format does not have four letters.
        """
        if self.fourcc and len(self.fourcc) != 4:
            raise OptionError(f"--fourcc is {self.fourcc!r}", remedy="give 4 letters, like MJPG")
        code = cv2.VideoWriter.fourcc(*self.fourcc) if self.fourcc else 0
        requested = {
            cv2.CAP_PROP_FOURCC: float(code),  # first: the available sizes depend on it
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
    """Return width and height, in pixels, of a text like 640x480; zeros for an empty text.

    Raises:
        OptionError: The text is no size.
    """
    width, _, height = text.partition("x")
    if text and not (width.isdecimal() and height.isdecimal()):
        raise OptionError(f"--size is {text!r}", remedy="give width and height, like 640x480")
    return (int(width), int(height)) if text else (0, 0)


def configure(capture: "cv2.VideoCapture", settings: CameraSettings) -> list[str]:
    """Set an open camera's settings; return `name asked X got Y` for each."""
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
