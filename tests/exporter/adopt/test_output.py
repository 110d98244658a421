"""The end of an external graph: its logits are found, and agree with its own output."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from external_models import Writer, as_torch, plain, random_network

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.library import infer, open_plain, run
from edgecnn.exporter.adopt.output import (
    Ending,
    end_at_logits,
    largest_difference,
    refuse_hidden_softmax,
    softmax,
    to_logits,
)
from edgecnn.exporter.adopt.read_graph import probe_frames
from exporter.adopt.graphs import CLEAN, adopted, kinds, outputs


def binary(*tail: tuple[str, dict[str, Any]], batch: int | str = "N") -> onnx.ModelProto:
    """Return a network of one output that ends in these operators."""
    writer = plain(random_network(classes=1))
    for kind, more in tail:
        writer.add(kind, *more.pop("constants", ()), **more)
    return writer.model("input", [batch, 1, 8, 8], 1)


def test_several_sigmoids_are_another_task() -> None:
    writer = plain(random_network()).add("Sigmoid")
    model = writer.model("input", ["N", 1, 8, 8], 3)
    with pytest.raises(ModelError, match=r"ends in 3 sigmoids.*multi-label") as refusal:
        adopted(model)
    assert "one label" in refusal.value.remedy


SQUEEZED = ("Squeeze", {"constants": (np.array([1]),)})
ENDS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "Keras, (N, 1)": [("Sigmoid", {})],
    "torch, squeezed to (N,)": [SQUEEZED, ("Sigmoid", {})],
    "torch, squeezed afterwards": [("Sigmoid", {}), SQUEEZED],
}


@pytest.mark.parametrize("tail", ENDS.values(), ids=ENDS)
def test_one_sigmoid_is_the_probability_of_the_second_label(
    tail: list[tuple[str, dict[str, Any]]],
) -> None:
    model = binary(*[(kind, dict(more)) for kind, more in tail])
    core, found = adopted(model, classes=2)
    assert found.ending is Ending.SIGMOID
    assert kinds(core) == CLEAN  # the two logits come from the last dense layer itself
    frames = probe_frames(5, (8, 8, 1))
    images = frames.transpose(0, 3, 1, 2) / np.float32(255)
    own = run(open_plain(model.SerializeToString()), images).reshape(-1)
    np.testing.assert_allclose(softmax(outputs(core, frames))[:, 1], own, atol=1e-5)


def test_a_sigmoid_behind_a_pool_is_one_too() -> None:
    """Its score is no dense layer, which could give two logits."""
    conv = np.random.default_rng(0).normal(size=(1, 1, 3, 3)).astype(np.float32)
    writer = Writer("input").add("Conv", conv).add("GlobalAveragePool").add("Flatten")
    core, _ = adopted(writer.add("Sigmoid").model("input", ["N", 1, 8, 8], 1), classes=2)
    rows = outputs(core, probe_frames(4, (8, 8, 1)))
    np.testing.assert_allclose(rows[:, 0], -rows[:, 1])


@pytest.mark.parametrize(("head", "name"), [("", "logits"), ("Softmax", "softmax")])
def test_one_output_without_a_sigmoid_is_refused(head: str, name: str) -> None:
    model = binary(*([(head, {"axis": 1})] if head else []))
    with pytest.raises(ModelError, match=f"one output, which is no sigmoid but {name}") as refusal:
        adopted(model, classes=2)
    assert "Sigmoid()" in refusal.value.remedy


def test_one_output_has_two_labels() -> None:
    with pytest.raises(ModelError, match="one output, there are 3 labels") as refusal:
        adopted(binary(("Sigmoid", {})))
    assert "negative class first" in refusal.value.remedy


def with_row(writer: Writer, batch: int | str) -> onnx.ModelProto:
    """Return a graph whose output is declared as (3,)."""
    model = writer.model("input", [batch, 1, 8, 8], 3)
    del model.graph.output[0].type.tensor_type.shape.dim[0]
    return model


ROWS: dict[str, Callable[[Writer], Writer]] = {
    "squeezed": lambda writer: writer.add("Squeeze", np.array([0])),
    "reshaped": lambda writer: writer.add("Reshape", np.array([-1])),
    "the first of the batch": lambda writer: writer.add("Gather", np.array(0)),
    "a softmax of one row": lambda writer: writer.add("Squeeze", np.array([0])).add("Softmax"),
    "the first row of a softmax": lambda w: w.add("Softmax").add("Gather", np.array(0)),
    "one row of a softmax": lambda writer: writer.add("Softmax").add("Squeeze", np.array([0])),
}


@pytest.mark.parametrize("write", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("batch", [1, "N"])
def test_a_row_without_a_batch_gets_one(
    write: Callable[[Writer], Writer], batch: int | str
) -> None:
    model = with_row(write(plain(random_network())), batch)
    core, _ = adopted(model)
    assert kinds(core) == CLEAN
    frames = probe_frames(4, (8, 8, 1))
    expected = outputs(as_torch(random_network()), frames)
    np.testing.assert_allclose(outputs(core, frames), expected, atol=1e-5)


def test_a_row_that_cannot_get_a_batch_is_refused() -> None:
    writer = plain(random_network()).add("Squeeze", np.array([0])).add("Relu")
    model = with_row(writer, 1)
    with pytest.raises(ModelError, match="without a batch"):
        adopted(model)


def test_probabilities_without_a_softmax_are_refused() -> None:
    writer = plain(random_network(), head="Softmax")
    writer.add("Mul", np.array(1.0, np.float32)).add("Add", np.zeros(3, np.float32))
    writer.add("Max", np.zeros(3, np.float32))
    with pytest.raises(ModelError, match="no softmax was found"):
        adopted(writer.model("input", ["N", 1, 8, 8], 3))


LOGITS = np.random.default_rng(0).normal(0, 3, (5, 2)).astype(np.float32)
OUTPUTS = {
    Ending.LOGITS: LOGITS,
    Ending.SOFTMAX: softmax(LOGITS).astype(np.float32),
    Ending.LOG_SOFTMAX: np.log(softmax(LOGITS)).astype(np.float32),
    Ending.SIGMOID: softmax(LOGITS)[:, 1:].astype(np.float32),
}


@pytest.mark.parametrize("ending", Ending)
def test_logits_of_an_output_give_its_probabilities(ending: Ending) -> None:
    rows = to_logits(ending, OUTPUTS[ending])
    np.testing.assert_allclose(softmax(rows), softmax(LOGITS), atol=1e-6)


@pytest.mark.parametrize("ending", Ending)
def test_the_difference_is_0_for_the_same_logits_and_seen_for_others(ending: Ending) -> None:
    assert largest_difference(ending, OUTPUTS[ending], LOGITS) < 1e-6
    other = LOGITS + np.array([0.5, 0], np.float32)
    assert largest_difference(ending, OUTPUTS[ending], other) > 0.01


def test_a_probability_of_0_has_finite_logits() -> None:
    assert np.isfinite(to_logits(Ending.SOFTMAX, np.array([[0.0, 1.0]], np.float32))).all()
    rows = to_logits(Ending.SIGMOID, np.array([[0.0], [1.0]], np.float32))
    assert np.isfinite(rows).all()
    assert rows.argmax(1).tolist() == [0, 1]


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
    assert end_at_logits(model, 3) is ending
    assert [value.name for value in model.graph.output] == ["logits"]
    (last,) = [node for node in model.graph.node if "logits" in node.output]
    assert last.op_type == "Gemm"
