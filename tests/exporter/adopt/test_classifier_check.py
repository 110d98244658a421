"""What is no classifier of pictures is refused before anything is asked, and named."""

import numpy as np
import onnx
import pytest
from external_models import Writer, as_torch, plain, random_network
from onnx import TensorProto, helper

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.classifier_check import check_classifier, refuse_places
from edgecnn.model.graph_check import outline_graph
from exporter.adopt.graphs import adopted, with_input

Shape = list[int | str]


def with_outputs(*shapes: Shape) -> onnx.ModelProto:
    """Return a network whose outputs are declared with these shapes."""
    model = as_torch(random_network())
    del model.graph.output[:]
    for i, shape in enumerate(shapes):
        value = helper.make_tensor_value_info(f"output{i}", TensorProto.FLOAT, shape)
        model.graph.output.append(value)
    return model


def with_inputs(*inputs: tuple[str, int, Shape]) -> onnx.ModelProto:
    model = as_torch(random_network())
    del model.graph.input[:]
    for name, element, shape in inputs:
        model.graph.input.append(helper.make_tensor_value_info(name, element, shape))
    return model


def with_node(operator: str) -> onnx.ModelProto:
    model = as_torch(random_network())
    model.graph.node.append(helper.make_node(operator, ["input"], ["more"]))
    return model


FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
REFUSED: dict[str, tuple[onnx.ModelProto, str]] = {
    "two inputs": (
        with_inputs(("input", FLOAT, [1, 1, 8, 8]), ("mask", FLOAT, [1, 1, 8, 8])),
        "has 2 inputs: input: float32 .*mask",
    ),
    "no output": (with_outputs(), "has 0 outputs: none"),
    "a detector": (with_outputs(["N", 100, 4], ["N", 100]), "has 2 outputs: .*a detector"),
    "a detector in one output": (with_outputs([1, 84, 8400]), "several places.*a detector"),
    "text recognition": (
        with_outputs(["N", 40, 6625]),
        r"gives output0: float32 \(N, 40, 6625\).*text recognition \(OCR\)",
    ),
    "text of any length": (with_outputs(["N", "T", 6625]), r"text recognition \(OCR\)"),
    "segmentation": (with_outputs([1, 21, 8, 8]), "a map; this is segmentation"),
    "a decoder": (with_node("ConvTranspose"), "ConvTranspose; this is .*segmentation"),
    "a detector's last step": (with_node("NonMaxSuppression"), "this is a detector"),
    "a recurrent network": (with_node("LSTM"), "LSTM; this is a network of sequences"),
    "a language model": (
        with_inputs(("input_ids", INT64, ["N", 128]), ("mask", INT64, ["N", 128])),
        "takes whole numbers: input_ids: int64 .*a language model",
    ),
    "a waveform": (with_inputs(("audio", FLOAT, ["N", 16000])), "takes no pictures: .*speech"),
    "a spectrum": (with_inputs(("mel", FLOAT, [1, 80, "T"])), "takes no pictures: .*speech"),
    "one picture": (with_inputs(("x", FLOAT, [3, 8, 8])), "pictures without a batch"),
    "one gray picture": (with_inputs(("x", FLOAT, [1, 8, 8])), "pictures without a batch"),
    "an int8 model": (with_node("QuantizeLinear"), "quantized already"),
    "opset 5": (as_torch(random_network(), opset=5), "older than 7"),
    "double floats": (with_input(["N", 1, 8, 8], TensorProto.DOUBLE), "takes input: double"),
}


@pytest.mark.parametrize(("model", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_classifier_of_pictures_is_refused_with_its_name(
    model: onnx.ModelProto, words: str
) -> None:
    with pytest.raises(ModelError, match=words) as refusal:
        check_classifier(outline_graph(model.SerializeToString()))
    assert refusal.value.remedy


TAKEN: dict[str, Shape] = {
    "classes": ["N", 1000],
    "one row": [1000],
    "classes of one pixel": [1, 1000, 1, 1],
    "classes of one pixel, NHWC": [1, 1, 1, 1000],
    "a row of one place": ["N", 1, 1000],
    "a size that only a run tells": ["N", 1000, "h", "w"],
    "nothing declared": [],
}


@pytest.mark.parametrize("shape", TAKEN.values(), ids=TAKEN)
def test_an_output_of_one_row_for_each_picture_is_taken(shape: Shape) -> None:
    check_classifier(outline_graph(with_outputs(shape).SerializeToString()))


def test_a_map_that_is_not_declared_is_refused_when_it_is_seen() -> None:
    writer = Writer("input").add("Conv", np.ones((3, 1, 3, 3), np.float32))
    model = writer.model("input", ["N", 1, 8, 8], 3)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    check_classifier(outline_graph(model.SerializeToString()))
    with pytest.raises(ModelError, match=r"\(1, 3, 6, 6\): a map; this is segmentation"):
        adopted(model)


def test_rows_that_are_not_declared_are_refused_when_they_are_seen() -> None:
    writer = plain(random_network()).add("Reshape", np.array([1, 3, 1]))
    model = writer.add("Expand", np.array([1, 3, 7])).model("input", ["N", 1, 8, 8], 3)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    with pytest.raises(ModelError, match=r"\(1, 3, 7\): a row of numbers for each"):
        adopted(model)


def test_a_shape_of_one_place_is_that_of_a_classifier() -> None:
    for shape in (("1", "5"), ("1", "1", "5"), ("2", "5", "1", "1"), ("5",), ()):
        refuse_places(shape, "")
