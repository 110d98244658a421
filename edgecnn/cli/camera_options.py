"""What is asked of a camera: options that `run` and `collect` share."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgecnn.sources.cameras.settings import CameraSettings

camera_option = partial(typer.Option, rich_help_panel="Cameras and streams")

Size = Annotated[str, camera_option(help="Ask the camera for a size, such as 640x480.")]
Fourcc = Annotated[str, camera_option(help="Ask for a pixel format, such as MJPG.")]
CameraFps = Annotated[float, camera_option(min=0, help="Ask for a frame rate. 0: do not ask.")]
Exposure = Annotated[
    float, camera_option(help="Ask for an exposure, in the driver's units. 0: do not ask.")
]


def camera_settings(size: str, fourcc: str, camera_fps: float, exposure: float) -> "CameraSettings":
    """Return the settings that these options ask for.

    Args:
        size: Width and height in pixels, `640x480`; empty: do not ask.
        fourcc: Four letters; empty: do not ask.
        camera_fps: Frames a second; 0: do not ask.
        exposure: In the driver's units; 0: do not ask.

    Raises:
        OptionError: The size cannot be read.
    """
    from edgecnn.sources.cameras.settings import CameraSettings, parse_size

    return CameraSettings(*parse_size(size), fourcc, camera_fps, exposure)
