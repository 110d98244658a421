"""The end of an external graph: its logits are found, and agree with its own output."""

import numpy as np
import onnx
import pytest
from external_models import as_torch, plain, random_network

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.library import infer
from edgecnn.exporter.adopt.output import (
    Ending,
    end_at_logits,
    largest_difference,
    refuse_hidden_softmax,
    softmax,
    to_logits,
)
from exporter.adopt.graphs import adopted


def sigmoid() -> onnx.ModelProto:
    return plain(random_network()).add("Sigmoid").model("input", ["N", 1, 8, 8], 3)


def test_a_sigmoid_is_refused() -> None:
    with pytest.raises(ModelError, match="ends in a sigmoid") as refusal:
        adopted(sigmoid())
    assert refusal.value.remedy


def test_probabilities_without_a_softmax_are_refused() -> None:
    writer = plain(random_network(), head="Softmax")
    writer.add("Mul", np.array(1.0, np.float32)).add("Add", np.zeros(3, np.float32))
    writer.add("Max", np.zeros(3, np.float32))
    with pytest.raises(ModelError, match="no softmax was found"):
        adopted(writer.model("input", ["N", 1, 8, 8], 3))


LOGITS = np.random.default_rng(0).normal(0, 3, (5, 4)).astype(np.float32)
OUTPUTS = {
    Ending.LOGITS: LOGITS,
    Ending.SOFTMAX: softmax(LOGITS).astype(np.float32),
    Ending.LOG_SOFTMAX: np.log(softmax(LOGITS)).astype(np.float32),
}


@pytest.mark.parametrize("ending", Ending)
def test_logits_of_an_output_give_its_probabilities(ending: Ending) -> None:
    rows = to_logits(ending, OUTPUTS[ending])
    np.testing.assert_allclose(softmax(rows), softmax(LOGITS), atol=1e-6)


@pytest.mark.parametrize("ending", Ending)
def test_the_difference_is_0_for_the_same_logits_and_seen_for_others(ending: Ending) -> None:
    assert largest_difference(ending, OUTPUTS[ending], LOGITS) < 1e-6
    other = LOGITS + np.array([0.5, 0, 0, 0], np.float32)
    assert largest_difference(ending, OUTPUTS[ending], other) > 0.01


def test_a_probability_of_0_has_finite_logits() -> None:
    rows = np.array([[0.0, 1.0]], np.float32)
    assert np.isfinite(to_logits(Ending.SOFTMAX, rows)).all()


def test_only_logits_that_sum_up_to_1_are_suspected() -> None:
    refuse_hidden_softmax(Ending.LOGITS, LOGITS)
    refuse_hidden_softmax(Ending.SOFTMAX, OUTPUTS[Ending.SOFTMAX])
    with pytest.raises(ModelError, match="no softmax was found"):
        refuse_hidden_softmax(Ending.LOGITS, OUTPUTS[Ending.SOFTMAX])


@pytest.mark.parametrize(
    ("head", "ending"),
    [("", Ending.LOGITS), ("Softmax", Ending.SOFTMAX), ("LogSoftmax", Ending.LOG_SOFTMAX)],
)
def test_the_graph_ends_at_the_input_of_its_softmax(head: str, ending: Ending) -> None:
    model = infer(as_torch(random_network(), head=head))
    assert end_at_logits(model) is ending
    assert [value.name for value in model.graph.output] == ["logits"]
    (last,) = [node for node in model.graph.node if "logits" in node.output]
    assert last.op_type == "Gemm"
