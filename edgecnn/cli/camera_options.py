"""Options for cameras, which `run` and `collect` share."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from edgecnn.cli.options import option

if TYPE_CHECKING:
    from edgecnn.sources.cameras.settings import CameraSettings

camera_option = partial(option, rich_help_panel="Cameras and streams")

Size = Annotated[str, camera_option("Frame size to request: 640x480.", default="the driver's")]
Fourcc = Annotated[str, camera_option("Pixel format to request: MJPG.", default="the driver's")]
CameraFps = Annotated[
    float, camera_option("Frame rate to request. 0: the driver's default.", min=0)
]
Exposure = Annotated[
    float, camera_option("Exposure to request, in the driver's units. 0: its default.")
]


def camera_settings(size: str, fourcc: str, camera_fps: float, exposure: float) -> "CameraSettings":
    """Return the camera settings of these options.

    Args:
        size: Width and height in pixels, like `640x480`; empty: the driver's default.
        fourcc: Four letters; empty: the driver's default.
        camera_fps: Frames per second; 0: the driver's default.
        exposure: In the driver's units; 0: the driver's default.

    Raises:
        OptionError: The size cannot be parsed.
    """
    from edgecnn.sources.cameras.settings import CameraSettings, parse_size

    return CameraSettings(*parse_size(size), fourcc, camera_fps, exposure)
