"""A request says which forms of a frame are delivered, and travels as JSON."""

import numpy as np

from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.sources.frame_request import FrameRequest
from edgecnn.sources.region import Region
from edgecnn.sources.sampling import Sampling

SPEC = ModelSpec(("a", "b"), 8, 8, 3)
FRAME = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def test_without_a_spec_the_whole_frame_is_delivered_uncopied() -> None:
    (whole,) = FrameRequest(whole=False).forms(FRAME)
    assert whole is FRAME


def test_with_a_spec_the_fitted_frame_comes_first() -> None:
    fitted, whole = FrameRequest(SPEC).forms(FRAME)
    np.testing.assert_array_equal(fitted, fit_frame(FRAME, SPEC))
    assert whole is FRAME


def test_the_whole_frame_can_be_left_out() -> None:
    assert [form.shape for form in FrameRequest(SPEC, whole=False).forms(FRAME)] == [SPEC.shape]


def test_only_the_region_is_fitted() -> None:
    fitted, _ = FrameRequest(SPEC, region=Region(0.5, 0.0, 0.5, 1.0)).forms(FRAME)
    np.testing.assert_array_equal(fitted, fit_frame(FRAME[:, 32:], SPEC))


def test_a_request_survives_json() -> None:
    request = FrameRequest(SPEC, False, Region(0.1, 0.2, 0.3, 0.4), Sampling(2, 5.0))
    assert FrameRequest.from_json(request.to_json()) == request
