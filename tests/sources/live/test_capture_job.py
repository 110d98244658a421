"""A capture process's job has limits that follow from the patience, and travels as JSON."""

import pytest

from edgecnn.errors import OptionError
from edgecnn.sources.address import Kind
from edgecnn.sources.cameras.settings import CameraSettings
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.live.capture_job import CaptureJob, plan_job
from edgecnn.sources.live.connection import Patience

SETTINGS, REQUEST = CameraSettings(640, 480, "MJPG", 30.0), FrameRequest()


@pytest.mark.parametrize(("open_s", "stall_s"), [(10.0, 4.0), (2.0, 4.0)])
def test_a_read_may_take_as_long_as_connecting_or_a_stall(open_s: float, stall_s: float) -> None:
    patience = Patience(stall_s=stall_s, open_s=open_s)
    job = plan_job("rtsp://cam/1", Kind.STREAM, SETTINGS, patience, REQUEST)
    assert job.limit_s == max(open_s, stall_s)
    assert job.alive_s < stall_s


def test_a_job_survives_json() -> None:
    job = plan_job("/dev/video0", Kind.CAMERA, SETTINGS, Patience(), REQUEST)
    assert CaptureJob.from_json(job.to_json()) == job


def test_a_command_that_cannot_be_parsed_is_no_job() -> None:
    with pytest.raises(OptionError, match="no command"):
        plan_job("exec:", Kind.COMMAND, CameraSettings(), Patience(), REQUEST)


def test_settings_that_cannot_be_used_are_no_job() -> None:
    with pytest.raises(OptionError, match="--fourcc"):
        plan_job("0", Kind.CAMERA, CameraSettings(fourcc="JPEG2000"), Patience(), REQUEST)
