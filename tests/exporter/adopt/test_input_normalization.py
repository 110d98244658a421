"""Input normalization: the network gets the values it was trained on, without a layer if exact."""

import numpy as np
import pytest
import torch

from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions
from edgecnn.exporter.adopt.library import open_plain, run
from exporter.adopt.graphs import adopted, coloured, kinds

IMAGENET = ASSUMPTIONS["imagenet"]


@pytest.mark.parametrize("padded", [False, True])
def test_a_normalization_and_the_order_of_channels_are_those_of_training(padded: bool) -> None:
    model, network = coloured(padded=padded)
    core, found = adopted(model, IMAGENET)
    frames = np.random.default_rng(0).integers(0, 256, (4, 12, 10, 3), np.uint8)  # BGR
    rgb = torch.tensor(frames[..., ::-1].copy()).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    with torch.no_grad():
        expected = network((rgb - mean) / std).numpy()
    images = frames.transpose(0, 3, 1, 2) * np.float32(1 / 255)
    np.testing.assert_allclose(run(open_plain(core.SerializeToString()), images), expected,
                               atol=1e-4)  # fmt: skip
    assert found.is_normalized_apart is padded


def test_a_normalization_is_folded_only_where_it_is_exact() -> None:
    for padded, convolutions in ((False, 1), (True, 2)):
        core, _ = adopted(coloured(padded=padded)[0], IMAGENET)
        assert kinds(core)["Conv"] == convolutions
    without_offset = UserOptions(channels="rgb", scale=255.0, mean=(0.0,), std=(0.25,))
    core, _ = adopted(coloured(padded=True)[0], without_offset)
    assert kinds(core)["Conv"] == 1
