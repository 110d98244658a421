"""Networks are built by name, and read frames as a model file does."""

import pytest
import torch

from edgecnn.errors import OptionError
from edgecnn.trainer.networks import Architecture, build, to_input


def test_an_unknown_network_is_refused_with_the_known_names() -> None:
    with pytest.raises(OptionError, match="'resnet50'") as caught:
        build(Architecture("resnet50"), (28, 28, 1), 10)
    assert "article" in caught.value.remedy


def test_to_input_scales_and_reorders_exactly_as_a_model_file_does() -> None:
    frames = torch.arange(2 * 4 * 5 * 3, dtype=torch.uint8).reshape(2, 4, 5, 3)
    frames[1] += 100
    batch = to_input(frames)
    assert batch.shape == (2, 3, 4, 5)
    assert batch.dtype is torch.float32
    for n, y, x, c in [(0, 0, 0, 0), (0, 3, 4, 2), (1, 2, 1, 1)]:
        assert float(batch[n, c, y, x]) == pytest.approx(int(frames[n, y, x, c]) / 255, rel=1e-6)
