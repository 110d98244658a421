"""The input of an external model: held by its graph, given by the user, or refused."""

from collections.abc import Callable

import onnx
import pytest
from external_models import as_torch, random_network, with_uint8_input
from onnx import TensorProto, helper

from edgecnn.errors import ModelError, OptionError
from edgecnn.exporter.adopt.input_plan import UserOptions, plan_input
from edgecnn.model.graph_check import outline_graph
from exporter.adopt.graphs import CLEAN, UNIT, adopted, kinds, with_input


def replaced_output(*sizes: int) -> onnx.ModelProto:
    model = as_torch(random_network())
    model.graph.output.append(helper.make_tensor_value_info("/Relu_1_output_0", 1, sizes))
    return model


def second_input() -> onnx.ModelProto:
    model = as_torch(random_network())
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 8, 8]))
    return model


def quantized() -> onnx.ModelProto:
    model = as_torch(random_network())
    model.graph.node.append(helper.make_node("QuantizeLinear", ["input", "s", "z"], ["q"]))
    return model


def of_opset(number: int) -> onnx.ModelProto:
    return as_torch(random_network(), opset=number)


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "two inputs": (second_input, "has 2 inputs: input: float32 .*mask"),
    "two outputs": (lambda: replaced_output(1, 4, 6, 6), "has 2 outputs"),
    "sequences of tokens": (lambda: with_input(["N", 128]), "takes no pictures"),
    "pictures without channels": (lambda: with_input(["N", 8, 8, 8]), "without 1 or 3 channels"),
    "half floats": (lambda: with_input(["N", 1, 8, 8], TensorProto.FLOAT16), "takes float16"),
    "an int8 model": (quantized, "quantized already"),
    "opset 5": (lambda: of_opset(5), "older than 7"),
    "double floats": (lambda: with_input(["N", 1, 8, 8], TensorProto.DOUBLE), "takes double"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_classifier_of_pictures_is_refused_clearly(
    make: Callable[[], onnx.ModelProto], words: str
) -> None:
    with pytest.raises(ModelError, match=words) as refusal:
        plan_input(outline_graph(make().SerializeToString()), UNIT, 3)
    assert refusal.value.remedy


FLOAT = as_torch(random_network(channels=3))
UNKNOWN = {
    "the order of channels": (FLOAT, UNIT, "--channels"),
    "the range": (FLOAT, UserOptions(channels="rgb"), "--scale"),
    "the mean": (FLOAT, UserOptions(channels="rgb", scale=255.0, std=(1.0,)), "--mean"),
    "the layout": (with_input(["N", 3, 8, 3]), UserOptions(channels="rgb"), "--layout"),
    "the size": (with_input(["N", 1, "h", "w"]), UNIT, "--size"),
}


@pytest.mark.parametrize(("model", "given", "option"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_a_graph_does_not_say_must_be_given(
    model: onnx.ModelProto, given: UserOptions, option: str
) -> None:
    with pytest.raises(OptionError) as refusal:
        plan_input(outline_graph(model.SerializeToString()), given, 3)
    assert option in refusal.value.remedy


CONTRADICTED = {
    "another size": (FLOAT, UserOptions((9, 9), channels="rgb"), "graph says 8"),
    "gray for colour": (FLOAT, UserOptions(channels="gray"), "the input has 3"),
    "two means for three channels": (
        FLOAT, UserOptions(channels="rgb", scale=1.0, mean=(0.0, 0.0), std=(1.0,)), "3 channels"),
    "division by nothing": (
        FLOAT, UserOptions(channels="rgb", scale=1.0, mean=(0.0,), std=(0.0,)), "cannot divide"),
    "a scale for pixels": (with_uint8_input(random_network()), UNIT, "as they are"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "given", "words"), CONTRADICTED.values(), ids=CONTRADICTED)
def test_what_contradicts_the_graph_is_refused(
    model: onnx.ModelProto, given: UserOptions, words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        plan_input(outline_graph(model.SerializeToString()), given, 3)


def test_the_size_of_an_open_graph_is_given() -> None:
    model = with_input(["N", 1, "h", "w"])
    given = UserOptions((8, 8), scale=255.0, mean=(0.0,), std=(1.0,))
    assert kinds(adopted(model, given)[0]) == CLEAN
