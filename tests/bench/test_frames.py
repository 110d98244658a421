"""Frames of a camera's size show the pictures that they are made of."""

import numpy as np
import pytest

from edgecnn.bench.frames import HEIGHT, WIDTH, camera_frames
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (96, 128, 3), (600, 800, 3)])
def test_a_picture_of_any_size_becomes_a_colour_frame_of_640x480(shape: tuple[int, ...]) -> None:
    (frame,) = camera_frames([np.full(shape, 90, np.uint8)])
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert frame.dtype == np.uint8
    assert (frame == 90).all()


def test_the_network_sees_the_picture_again(frames: list[Frame]) -> None:
    spec = ModelSpec(("a", "b"), 28, 28, 1)
    for picture, large in zip(frames, camera_frames(frames), strict=True):
        fitted = fit_frame(large, spec)[..., 0].astype(float).ravel()
        # The sides of the wide frame are cropped: what is left is the picture, stretched.
        assert (
            np.corrcoef(fitted, fit_frame(picture, spec)[..., 0].astype(float).ravel())[0, 1] > 0.5
        )
