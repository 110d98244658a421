"""The input of an external model: held by its graph, given by the user, or refused."""

import onnx
import pytest
from external_models import as_torch, random_network, with_uint8_input
from onnx import TensorProto

from edgecnn.errors import ModelError, OptionError
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions, assumed, plan_input
from edgecnn.model.graph_check import outline_graph
from exporter.adopt.graphs import CLEAN, UNIT, adopted, kinds, with_input

FLOAT = as_torch(random_network(channels=3))


def test_pictures_without_channels_are_refused() -> None:
    with pytest.raises(ModelError, match="without 1 or 3 channels"):
        plan_input(outline_graph(with_input(["N", 8, 8, 8]).SerializeToString()), UNIT, 3)


def test_half_floats_are_an_input_like_single_ones() -> None:
    data = with_input(["N", 1, 8, 8], TensorProto.FLOAT16).SerializeToString()
    assert plan_input(outline_graph(data), UNIT, 3).type == "float16"


UNKNOWN = {
    "the order of channels": (FLOAT, UNIT, "--channels"),
    "the range": (FLOAT, UserOptions(channels="rgb"), "--scale"),
    "the mean": (FLOAT, UserOptions(channels="rgb", scale=255.0, std=(1.0,)), "--mean"),
    "the size, which is -1": (with_input(["N", 1, -1, -1]), UNIT, "--size"),
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


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (UserOptions(scale=255.0, mean=(0.5,)), "--std is missing"),
        (UserOptions(std=(0.5,)), "--scale and --mean is missing"),
    ],
)
def test_the_number_that_is_missing_is_named(given: UserOptions, missing: str) -> None:
    data = as_torch(random_network()).SerializeToString()
    with pytest.raises(OptionError, match=missing):
        plan_input(outline_graph(data), given, 3)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("imagenet", UserOptions(scale=1.0), "--scale was given too"),
        ("unit", UserOptions(mean=(0.0,), std=(1.0,)), "--mean, --std was given too"),
        ("imagenet", UserOptions(channels="bgr"), "for rgb pictures; --channels is bgr"),
        ("imagenett", UserOptions(), "--assume is 'imagenett'"),
    ],
)
def test_an_assumption_and_options_that_say_something_else_are_refused(
    name: str, given: UserOptions, words: str
) -> None:
    with pytest.raises(OptionError, match=words) as refusal:
        assumed(name, given)
    assert refusal.value.remedy


def test_an_assumption_leaves_the_other_options_as_they_are() -> None:
    given = UserOptions((8, 6), "nhwc", "bgr")
    assert assumed("", given) is given
    assert assumed("signed", given) == UserOptions((8, 6), "nhwc", "bgr", 127.5, (1.0,), (1.0,))
    rgb = UserOptions(channels="rgb")
    assert assumed("imagenet", rgb) == assumed("imagenet", UserOptions()) == ASSUMPTIONS["imagenet"]


@pytest.mark.parametrize("open_size", ["h", -1])
def test_the_size_of_an_open_graph_is_given(open_size: str | int) -> None:
    model = with_input([-1, 1, open_size, open_size])
    given = UserOptions((8, 8), scale=255.0, mean=(0.0,), std=(1.0,))
    assert kinds(adopted(model, given)[0]) == CLEAN
