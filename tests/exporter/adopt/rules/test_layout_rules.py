"""Simplification rules for layouts: transposes and reshapes go, and the output stays."""

import numpy as np
from external_models import Writer, as_keras, as_torch, plain, random_network

from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.exporter.adopt.read_graph import probe_frames
from exporter.adopt.graphs import CLEAN, adopted, kinds


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
