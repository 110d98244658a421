"""Training and camera cannot disagree: not in one byte."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pixel_contract import differing_bytes, pictures, ran, specs

from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import Shrink


def test_the_trainer_and_the_runner_give_the_same_bytes() -> None:
    assert differing_bytes(360) == 0


def test_the_frames_have_every_shape_and_odd_strides() -> None:
    frames = list(pictures(200, 0))
    assert {frame.shape[2:] for frame in frames} == {(), (1,), (3,), (4,)}
    assert sum(not frame.flags.c_contiguous for frame in frames) > 50
    assert any(stride < 0 for frame in frames for stride in frame.strides)


def test_the_echo_gives_back_the_frame_and_hears_another_rule(tmp_path: Path) -> None:
    spec, frames = specs()[0], list(pictures(20, 0))
    heard = ran(tmp_path, spec, frames)
    fitted = np.stack([fit_frame(frame, spec) for frame in frames])
    assert np.array_equal(heard, fitted)
    other = ran(tmp_path, replace(spec, shrink=Shrink.GRID8), frames)
    assert spec.shrink is not Shrink.GRID8
    assert (heard != other).sum() > 400
