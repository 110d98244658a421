"""The outputs of an external model, for any number of frames, in its own layout."""

from dataclasses import replace

import numpy as np
import pytest
from external_models import as_torch, random_network

from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, plan_input
from edgecnn.exporter.adopt.original_answers import answer, prepare
from edgecnn.exporter.adopt.read_graph import probe_frames
from edgecnn.model.graph_check import outline_graph

NETWORK = random_network(channels=3)
DATA = as_torch(NETWORK).SerializeToString()
PLAN = plan_input(outline_graph(DATA), ASSUMPTIONS["imagenet"], 3)
FRAMES = probe_frames(5, (8, 8, 3))


def test_a_frame_is_reordered_and_normalized_as_in_training() -> None:
    rgb = FRAMES[..., ::-1] / 255
    expected = (rgb - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    batch = prepare(FRAMES, PLAN)
    assert batch.shape == (5, 3, 8, 8)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch.astype(np.float32), expected.transpose(0, 3, 1, 2), atol=1e-5)
    nhwc = prepare(FRAMES, replace(PLAN, nhwc=True))
    np.testing.assert_array_equal(nhwc, batch.transpose(0, 2, 3, 1))


def test_pixels_stay_uint8_where_the_network_takes_them() -> None:
    assert prepare(FRAMES, replace(PLAN, type="uint8")).dtype == np.uint8


def test_half_floats_are_what_a_network_of_them_gets() -> None:
    batch = prepare(FRAMES, replace(PLAN, type="float16"))
    assert batch.dtype == np.float16
    np.testing.assert_array_equal(batch, prepare(FRAMES, PLAN).astype(np.float16))


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_a_network_of_a_fixed_batch_gives_the_same_rows(batch: int) -> None:
    fixed = as_torch(NETWORK, batch=batch).SerializeToString()
    rows = answer(fixed, replace(PLAN, batch=batch), FRAMES)
    assert rows.shape == (5, 3)
    np.testing.assert_allclose(rows, answer(DATA, PLAN, FRAMES), atol=1e-5)
