"""Options for cameras become camera settings."""

import pytest

from edgecnn.cli.camera_options import camera_settings
from edgecnn.errors import OptionError
from edgecnn.sources.cameras.settings import CameraSettings


def test_options_that_are_not_given_request_nothing() -> None:
    assert camera_settings("", "", 0.0, 0.0) == CameraSettings()


def test_options_that_are_given_are_requested() -> None:
    settings = camera_settings("640x480", "MJPG", 30.0, 156.0)
    assert settings == CameraSettings(640, 480, "MJPG", 30.0, 156.0)


def test_a_size_that_cannot_be_parsed_is_refused() -> None:
    with pytest.raises(OptionError, match="big"):
        camera_settings("big", "", 0.0, 0.0)
