"""A captured frame is compared by identity: equality of arrays has no single answer."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from edgecnn.sources.captured_frame import CapturedFrame

FRAME = CapturedFrame("0", np.zeros((4, 6, 3), np.uint8), None, 1)


def test_a_captured_frame_equals_only_itself() -> None:
    assert len({FRAME, replace(FRAME)}) == 2


def test_a_captured_frame_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        FRAME.source = "1"  # type: ignore[misc]
