"""What the bytes of a graph may be, and each way in which a hostile one is refused unread."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from craft import message
from external_models import as_keras, as_torch, random_network, with_uint8_input
from onnx import TensorProto, helper, numpy_helper

from edgecnn.errors import ModelError
from edgecnn.model import protobuf
from edgecnn.model.graph_check import MAX_NODES, outline_graph, refuse_operators
from edgecnn.model.operators import EXTERNAL_FILE

Edit = Callable[[onnx.ModelProto], None]


def model() -> onnx.ModelProto:
    return as_torch(random_network())


def refused(edit: Edit) -> str:
    edited = model()
    edit(edited)
    with pytest.raises(ModelError) as refusal:
        refuse_operators(outline_graph(edited.SerializeToString()), EXTERNAL_FILE)
    assert refusal.value.remedy
    assert len(refusal.value.what) < 1000
    return refusal.value.what


def test_an_outline_tells_inputs_outputs_operators_and_maker() -> None:
    outline = outline_graph(as_keras(random_network()).SerializeToString())
    (value,) = outline.inputs
    assert (value.name, value.type, value.shape) == (
        "keras_tensor", "float32", ("batch", "8", "8", "1"))  # fmt: skip
    assert [v.shape for v in outline.outputs] == [("batch", "3")]
    assert (outline.producer, outline.opsets) == ("other", {"": 20})
    assert (outline.operators["Conv"], outline.operators["MatMul"]) == (2, 2)


def test_a_constant_that_is_listed_as_input_is_none() -> None:
    old = model()
    for tensor in old.graph.initializer:
        old.graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        )
    assert [v.name for v in outline_graph(old.SerializeToString()).inputs] == ["input"]


def test_a_dimension_of_minus_1_is_open() -> None:
    """Paddle writes it so, for any batch and any size."""
    opened = model()
    for dim in opened.graph.input[0].type.tensor_type.shape.dim:
        dim.dim_value = -1
    (value,) = outline_graph(opened.SerializeToString()).inputs
    assert value.shape == ("?", "?", "?", "?")


def test_every_way_to_hold_numbers_is_counted() -> None:
    for kind, values in (("FLOAT", [1.5, 2.5]), ("INT64", [-1, 300]), ("DOUBLE", [1.0, 2.0]),
                         ("UINT8", [1, 255]), ("FLOAT16", [1.0, 2.0]), ("UINT64", [1, 2**63]),
                         ("BOOL", [True, False]), ("INT32", [-1, 2**31 - 1])):  # fmt: skip
        for raw in (False, True):
            held = model()
            kind_number = getattr(TensorProto, kind)
            array = np.array(values, helper.tensor_dtype_to_np_dtype(kind_number))
            data = array.tobytes() if raw else values
            held.graph.initializer.append(helper.make_tensor("x", kind_number, [2], data, raw=raw))
            outline_graph(held.SerializeToString())


# The cases that reliable file formats and fuzzers know: any path at all is refused unopened.
LOCATIONS = {
    "a parent folder": {"location": "../secret"},
    "a nested folder": {"location": "a/../../secret"},
    "an absolute path": {"location": "/tmp/secret"},
    "a password file": {"location": "/etc/passwd"},
    "an endless device": {"location": "/dev/zero"},
    "a symbolic link": {"location": "link"},
    "a hard link": {"location": "hard"},
    "a marker of memory": {"location": "*/_ORT_MEM_ADDR_/*", "offset": "4096"},
    "a negative offset": {"location": "weights", "offset": "-1"},
    "an enormous length": {"location": "weights", "length": str(2**50)},
    "the memory of a process": {"location": "/proc/self/mem"},
}


@pytest.mark.parametrize("entries", LOCATIONS.values(), ids=LOCATIONS)
def test_external_data_is_refused_in_every_form(entries: dict[str, str]) -> None:
    def edit(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=value)

    assert "external data" in refused(edit)


def dims(*sizes: int) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        model.graph.initializer[0].dims[:] = sizes

    return edit


def value_of(*sizes: int) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        value = helper.make_tensor_value_info("inner", TensorProto.FLOAT, sizes)
        model.graph.value_info.append(value)

    return edit


def deep(levels: int) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        graph = onnx.GraphProto(name="inner")
        for _ in range(levels):
            outer = onnx.GraphProto(name="outer")
            outer.node.add(op_type="If").attribute.add(name="then_branch", type=5).g.CopyFrom(graph)
            graph = outer
        model.graph.node.extend(graph.node)

    return edit


def nested_type(model: onnx.ModelProto) -> None:
    kind = model.graph.value_info.add(name="deep").type
    for _ in range(40):
        kind = kind.sequence_type.elem_type
    kind.tensor_type.elem_type = 1


def other(kind: str, domain: str = "") -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        model.graph.node.add(op_type=kind, domain=domain, input=["input"], output=["x"])

    return edit


def many_nodes(model: onnx.ModelProto) -> None:
    for _ in range(MAX_NODES + 1):
        model.graph.node.add(op_type="Relu")


def two_kinds_of_data(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].float_data.append(1.0)


def data_of_another_type(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    count = len(tensor.raw_data) // 4
    tensor.ClearField("raw_data")
    tensor.int64_data.extend([1] * count)


def text_tensor(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.array(["a", "b"], object), "words")
    model.graph.initializer.append(tensor)


def training(model: onnx.ModelProto) -> None:
    model.training_info.add()


HOSTILE = {
    "a tensor larger than its data": (dims(2**40), "elements"),
    "dimensions whose product overflows": (dims(2**33, 2**33), "elements"),
    "a product that is right modulo 2**64": (dims(13, 1418980313362273204), "elements"),
    "a negative dimension": (dims(-4, -36), "elements"),
    "a tensor of nothing with data": (dims(0), "elements"),
    "a hundred dimensions": (dims(*[1] * 100), "100 dimensions"),
    "a huge value": (value_of(2**31, 2**31), "too large"),
    "a value of negative size": (value_of(-5), "too large"),
    "thirty nested graphs": (deep(30), "nested graph"),
    "types of types": (nested_type, "no tensor"),
    "too many nodes": (many_nodes, "20,000 are allowed"),
    "data of two kinds": (two_kinds_of_data, "another type"),
    "data of another type": (data_of_another_type, "another type"),
    "texts as tensor": (text_tensor, "type 8"),
    "training steps": (training, "functions"),
    "Loop": (other("Loop"), "Loop"),
    "Scan": (other("Scan"), "Scan"),
    "a control character in a name": (other("R\x1b]0;x\x07"), "R?]0;x?"),
    "a custom operator": (other("Detect", "vendor"), "vendor.Detect"),
    "an operator of another domain": (other("ZipMap", "ai.onnx.ml"), "ai.onnx.ml.ZipMap"),
}


@pytest.mark.parametrize(("edit", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_graph_is_refused_by_name(edit: Edit, words: str) -> None:
    assert words in refused(edit)


def test_a_graph_that_appears_twice_is_refused() -> None:
    data = model().SerializeToString()
    with pytest.raises(ModelError, match="appears twice"):
        outline_graph(data + onnx.ModelProto(graph=onnx.GraphProto(name="b")).SerializeToString())


def test_an_operator_that_is_named_twice_is_refused() -> None:
    """Other parsers take the last name."""
    data = model().SerializeToString()
    node = next(n for n in model().graph.node if n.op_type == "Conv").SerializeToString()
    name = onnx.NodeProto(op_type="Loop").SerializeToString()
    graph = message(b"\x3a", message(b"\x0a", node + name))
    assert onnx.load_from_string(graph).graph.node[0].op_type == "Loop"
    with pytest.raises(ModelError, match="field 4 appears twice"):
        outline_graph(graph)
    assert outline_graph(data).operators["Conv"] > 0


def test_a_name_that_is_no_text_is_refused() -> None:
    data = model().SerializeToString().replace(b"/Conv_0", b"/Con\xff_0")
    with pytest.raises(ModelError, match="not UTF-8"):
        outline_graph(data)


@pytest.mark.parametrize("inner", [b"\x0a\x00", b"\x52\x00"], ids=["nodes", "other fields"])
def test_a_file_of_endless_fields_is_given_up_soon(
    inner: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protobuf, "MAX_FIELDS", 5_000)
    content = inner * (10 * protobuf.MAX_FIELDS)
    with pytest.raises(ModelError, match="more than 5,000 fields"):
        outline_graph(message(b"\x3a", content))


def test_the_models_of_other_exporters_are_taken() -> None:
    network = random_network()
    for taken in (as_keras(network), as_torch(network), with_uint8_input(network)):
        refuse_operators(outline_graph(taken.SerializeToString()), EXTERNAL_FILE)
