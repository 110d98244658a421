"""An external model in the parent process: read in a child, run in children, described."""

import numpy as np
import pytest
from external_models import as_half, as_keras, as_torch, random_network
from onnx import helper

from edgecnn.data.dataset import Pictures
from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.input_plan import plan_input
from edgecnn.exporter.adopt.original import CHUNK, Original, read_original
from edgecnn.exporter.adopt.original_answers import answer
from edgecnn.exporter.adopt.output import softmax
from edgecnn.exporter.adopt.read_graph import probe_frames
from edgecnn.exporter.graph.editing import add_constant
from edgecnn.model.graph_check import outline_graph
from exporter.adopt.graphs import CLEAN, UNIT, kinds, outputs


@pytest.fixture(scope="module")
def keras() -> Original:
    data = as_keras(random_network()).SerializeToString()
    return read_original(data, plan_input(outline_graph(data), UNIT, 3))


def test_children_run_the_original_on_any_number_of_frames(keras: Original) -> None:
    frames = probe_frames(CHUNK + 1, (8, 8, 1))
    expected = answer(keras.content, keras.plan, frames)
    np.testing.assert_allclose(keras.answer(frames), expected, atol=1e-6)


def test_logits_of_an_original_give_its_own_probabilities(keras: Original) -> None:
    frames = probe_frames(3, (8, 8, 1))
    rows = keras.logits(Pictures(frames, np.zeros(3, np.int64)))
    np.testing.assert_allclose(softmax(rows), keras.answer(frames), atol=1e-6)


def test_a_description_names_input_output_and_nodes(keras: Original) -> None:
    assert kinds(keras.core) == CLEAN
    words = " ".join(keras.describe(outline_graph(keras.content)))
    for expected in ("(batch, 8, 8, 1), NHWC", "a softmax at its end", "9 after"):
        assert expected in words


def test_a_description_says_that_16_bit_floats_became_wider_and_what_may_differ() -> None:
    data = as_half(as_torch(random_network()), keep_io=False).SerializeToString()
    half = read_original(data, plan_input(outline_graph(data), UNIT, 3))
    words = half.describe(outline_graph(data))
    assert words[0] == "input: float16 (N, 1, 8, 8), NCHW"
    assert words[-1] == "16-bit floats became 32-bit ones: 0.01 of a logit may differ"
    frames = probe_frames(3, (8, 8, 1))
    rows = half.logits(Pictures(frames, np.zeros(3, np.int64)))
    np.testing.assert_allclose(outputs(half.core, frames), rows, atol=1e-2)


def bomb() -> bytes:
    """Return a model of 2 kB that folds a constant of 16 GB."""
    model = as_torch(random_network())
    add_constant(model.graph, "large", np.array([2**32]))
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["large"], ["zeros"]))
    model.graph.node.insert(1, helper.make_node("ReduceMax", ["zeros"], ["zero"], keepdims=0))
    model.graph.node.insert(2, helper.make_node("Add", ["input", "zero"], ["shifted"]))
    model.graph.node[3].input[0] = "shifted"
    return bytes(model.SerializeToString())


def test_a_memory_bomb_is_a_model_error() -> None:
    data = bomb()
    with pytest.raises(ModelError, match="more than 1024 MiB"):
        read_original(data, plan_input(outline_graph(data), UNIT, 3))


def test_a_graph_that_a_library_refuses_is_refused_in_its_words() -> None:
    model = as_torch(random_network())
    model.graph.node[0].attribute.append(helper.make_attribute("strides", [0, 0]))
    data = model.SerializeToString()
    with pytest.raises(ModelError, match="cannot work with it") as refusal:
        read_original(data, plan_input(outline_graph(data), UNIT, 3))
    assert "plain ONNX layers" in refusal.value.remedy
