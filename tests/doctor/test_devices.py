"""The report of cameras and execution providers, as rows of a table."""

from edgecnn.doctor.devices import DevicesReport, device_rows
from edgecnn.inference.provider_trial import Providers
from edgecnn.sources.cameras.listing import Camera
from edgecnn.sources.cameras.v4l2 import Mode


def test_people_see_source_modes_and_what_is_wrong() -> None:
    modes = (
        Mode("MJPG", "640x480", (30.0, 15.0)),
        Mode("MJPG", "1280x720", ()),
        Mode("YUYV", "1x1", (5.0,)),
    )
    camera = Camera(
        "/dev/v4l/by-id/x", "/dev/video0", 0, "Cam", "uvcvideo", modes, "busy: pid 1 (a)", "stop it"
    )
    rows = device_rows(DevicesReport((camera,), Providers((), ()), "no runtime"))
    assert rows == [
        ("camera 0", "Cam (uvcvideo), /dev/video0"),
        ("  --source", "/dev/v4l/by-id/x"),
        ("  not usable", "busy: pid 1 (a); try: stop it"),
        ("  MJPG", "640x480 at 30, 15 frames/s; 1280x720"),
        ("  YUYV", "1x1 at 5 frames/s"),
        ("providers", "no runtime"),
    ]
