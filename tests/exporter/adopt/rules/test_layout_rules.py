"""Simplification rules for layouts: transposes and reshapes go, and the output stays."""

import numpy as np
import pytest
from external_models import Writer, as_keras, as_torch, plain, random_network

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.exporter.adopt.read_graph import probe_frames
from exporter.adopt.graphs import CLEAN, adopted, kinds, outputs


def test_a_dense_layer_keeps_its_weights_with_their_pixels() -> None:
    network = random_network(size=12)  # three by three pixels are flattened
    images = probe_frames(4, (12, 12, 1)).transpose(0, 3, 1, 2) / np.float32(255)
    ours = run(open_plain(adopted(as_keras(network))[0].SerializeToString()), images)
    torchs = run(open_plain(as_torch(network).SerializeToString()), images)
    np.testing.assert_allclose(ours, torchs, atol=1e-5)


def test_a_transpose_without_an_order_reverses() -> None:
    writer = Writer("input").add("Transpose").add("Relu").add("Transpose")
    rest = plain(random_network(), first="/Transpose_2_output_0")
    for node in rest.nodes[1:]:
        node.input[0] = f"r{node.input[0]}"
    for node in rest.nodes:
        node.name, node.output[0] = f"r{node.name}", f"r{node.output[0]}"
    writer.nodes += rest.nodes
    writer.constants, writer.last = rest.constants, f"r{rest.last}"
    assert kinds(adopted(writer.model("input", ["N", 1, 8, 8], 3))[0])["Conv"] == 2


def test_the_transposes_and_casts_of_keras_are_removed() -> None:
    assert kinds(adopted(as_keras(random_network()))[0]) == CLEAN


@pytest.mark.parametrize("order", ["the same", "another"])
def test_a_row_that_is_taken_apart_and_put_together_is_a_reshape(order: str) -> None:
    """Torch's exporter flattens a mean of pictures in NHWC so, for a batch of one."""
    random, indexes = np.random.default_rng(0), np.arange(4)[None, :, None, None]
    indexes = indexes if order == "the same" else indexes[:, ::-1]
    writer = Writer("input").add("Conv", random.normal(size=(4, 1, 3, 3)).astype(np.float32))
    writer.add("GlobalAveragePool").add("Reshape", np.array([-1])).add("Gather", indexes)
    writer.add("Reshape", np.array([1, -1]), allowzero=1)
    writer.add("MatMul", random.normal(size=(4, 3)).astype(np.float32))
    model = writer.model("input", [1, 1, 8, 8], 3)
    if order == "another":  # it cannot be told how other rows of a batch are to be put
        with pytest.raises(ModelError, match="depend on the batch size"):
            adopted(model)
        return
    core, _ = adopted(model)
    assert kinds(core) == {"Conv": 1, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1}
    frames = probe_frames(4, (8, 8, 1))
    alone = [outputs(model, frame[None]) for frame in frames]
    np.testing.assert_allclose(outputs(core, frames), np.concatenate(alone), atol=1e-5)
