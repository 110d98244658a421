"""Strangers' graphs become plain ones of ours, whatever exporter wrote them."""

import warnings
from collections import Counter
from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from external_models import (
    Network,
    Writer,
    as_keras,
    as_old,
    as_torch,
    plain,
    random_network,
    with_uint8_input,
)
from onnx import TensorProto, helper, numpy_helper

from edgecnn.errors import ModelError, OptionError
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions, plan_input
from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.exporter.adopt.output import Ending
from edgecnn.exporter.adopt.read_graph import CleanedGraph, probe_frames, read
from edgecnn.model.graph_check import outline_graph

UNIT = ASSUMPTIONS["unit"]
CLEAN = {"Conv": 2, "Relu": 3, "MaxPool": 1, "Flatten": 1, "Gemm": 2}


def adopted(
    model: onnx.ModelProto, told: UserOptions = UNIT
) -> tuple[onnx.ModelProto, CleanedGraph]:
    data = model.SerializeToString()
    return read(data, plan_input(outline_graph(data), told, 3))


def kinds(core: onnx.ModelProto) -> Counter[str]:
    found = Counter(node.op_type for node in core.graph.node)
    found["Flatten"] += found.pop("Reshape", 0)
    return found


def written_out(network: Network) -> onnx.ModelProto:
    """End in a softmax as Exp, ReduceSum and Div."""
    writer = plain(network).add("Exp")
    powers = writer.last
    writer.add("ReduceSum", np.array([1]), keepdims=1)
    writer.nodes.append(helper.make_node("Div", [powers, writer.last], ["shares"]))
    writer.last = "shares"
    return writer.model("input", ["N", 1, 8, 8], 3)


MODELS: dict[str, tuple[Callable[[Network], onnx.ModelProto], UserOptions, Ending]] = {
    "Keras": (as_keras, UNIT, Ending.SOFTMAX),
    "torch, logits": (as_torch, UNIT, Ending.LOGITS),
    "torch, softmax": (lambda n: as_torch(n, head="Softmax"), UNIT, Ending.SOFTMAX),
    "torch, log-softmax": (lambda n: as_torch(n, head="LogSoftmax"), UNIT, Ending.LOG_SOFTMAX),
    "a softmax written out": (written_out, UNIT, Ending.SOFTMAX),
    "a batch of 1": (lambda n: as_torch(n, batch=1), UNIT, Ending.LOGITS),
    "a batch of 4": (lambda n: as_torch(n, batch=4), UNIT, Ending.LOGITS),
    "opset 13": (lambda n: as_torch(n, opset=13), UNIT, Ending.LOGITS),
    "opset 9, constants as inputs": (as_old, UNIT, Ending.SOFTMAX),
    "uint8 pixels": (with_uint8_input, UserOptions(), Ending.LOGITS),
}


@pytest.mark.parametrize(("write", "told", "ending"), MODELS.values(), ids=MODELS)
def test_a_graph_comes_out_as_clean_as_our_own(
    write: Callable[[Network], onnx.ModelProto], told: UserOptions, ending: Ending
) -> None:
    core, found = adopted(write(random_network()), told)
    assert kinds(core) == CLEAN
    assert found.ending is ending
    assert {e.domain: e.version for e in core.opset_import} == {"": 20}


@pytest.mark.parametrize(("write", "told", "ending"), MODELS.values(), ids=MODELS)
def test_a_clean_graph_takes_any_number_of_frames(
    write: Callable[[Network], onnx.ModelProto], told: UserOptions, ending: Ending
) -> None:
    core, _ = adopted(write(random_network()), told)
    session = open_plain(core.SerializeToString())
    images = probe_frames(5, (8, 8, 1)).transpose(0, 3, 1, 2) / np.float32(255)
    together = run(session, images)
    apart = np.concatenate([run(session, image[None]) for image in images])
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_what_torchs_own_exporter_wrote_for_one_frame_takes_any_number() -> None:
    """Its Reshape has `allowzero`, under which a 0 is no size that comes as it is."""
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(1, 4, 3), torch.nn.MaxPool2d(2), torch.nn.Flatten()
    network = torch.nn.Sequential(*layers, torch.nn.Linear(36, 3)).eval()
    example = (torch.zeros(1, 1, 8, 8),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network, example, dynamo=True, external_data=False, verbose=False
        )
    assert program is not None
    attributes = [a.name for node in program.model_proto.graph.node for a in node.attribute]
    assert "allowzero" in attributes
    core, _ = adopted(program.model_proto)
    frames = probe_frames(5, (8, 8, 1)).transpose(0, 3, 1, 2) / np.float32(255)
    own = run(open_plain(core.SerializeToString()), frames)
    np.testing.assert_allclose(own, network(torch.tensor(frames)).detach().numpy(), atol=1e-5)


IMAGENET = ASSUMPTIONS["imagenet"]


def coloured(*, padded: bool, apart: bool = False) -> tuple[onnx.ModelProto, torch.nn.Module]:
    """Return a graph of RGB pictures and the same network in torch."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=int(padded)), torch.nn.BatchNorm2d(4), torch.nn.ReLU()
    ).eval()
    norm, dense = net[1], torch.nn.Linear(4, 3)
    assert isinstance(norm, torch.nn.BatchNorm2d)
    with torch.no_grad():
        for values in (norm.weight, norm.running_var):
            assert values is not None
            values.uniform_(0.5, 1.5)
        for values in (norm.bias, norm.running_mean):
            assert values is not None
            values.uniform_(-0.5, 0.5)

    def array(values: torch.Tensor | None) -> np.ndarray:
        assert values is not None
        return np.asarray(values.detach().numpy())

    conv = net[0]
    assert isinstance(conv, torch.nn.Conv2d)
    writer = Writer("input")
    writer.add("Conv", array(conv.weight), array(conv.bias), pads=[int(padded)] * 4)
    writer.add("BatchNormalization", array(norm.weight), array(norm.bias),
               array(norm.running_mean), array(norm.running_var), epsilon=norm.eps)  # fmt: skip
    writer.add("Relu").add("ReduceMean", np.array([2, 3]), keepdims=0)
    writer.add("Gemm", array(dense.weight), array(dense.bias), transB=1)
    whole = torch.nn.Sequential(net, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), dense)
    return writer.model("input", ["N", 3, 12, 10], 3), whole.eval()


@pytest.mark.parametrize("padded", [False, True])
def test_a_normalization_and_the_order_of_channels_are_those_of_training(padded: bool) -> None:
    model, network = coloured(padded=padded)
    core, found = adopted(model, IMAGENET)
    frames = np.random.default_rng(0).integers(0, 256, (4, 12, 10, 3), np.uint8)  # BGR
    rgb = torch.tensor(frames[..., ::-1].copy()).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    with torch.no_grad():
        expected = network((rgb - mean) / std).numpy()
    images = frames.transpose(0, 3, 1, 2) * np.float32(1 / 255)
    np.testing.assert_allclose(run(open_plain(core.SerializeToString()), images), expected,
                               atol=1e-4)  # fmt: skip
    assert found.is_normalized_apart is padded


def test_a_normalization_is_folded_only_where_it_is_exact() -> None:
    for padded, convolutions in ((False, 1), (True, 2)):
        core, _ = adopted(coloured(padded=padded)[0], IMAGENET)
        assert kinds(core)["Conv"] == convolutions
    without_offset = UserOptions(channels="rgb", scale=255.0, mean=(0.0,), std=(0.25,))
    core, _ = adopted(coloured(padded=True)[0], without_offset)
    assert kinds(core)["Conv"] == 1


def test_batch_norms_are_folded_and_means_become_pools() -> None:
    core, _ = adopted(coloured(padded=False)[0], IMAGENET)
    assert kinds(core) == {"Conv": 1, "Relu": 1, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1}


def test_a_batch_norm_before_a_padded_convolution_becomes_a_convolution() -> None:
    random = np.random.default_rng(0)

    def floats(*shape: int) -> np.ndarray:
        return random.uniform(0.5, 1.5, shape).astype(np.float32)

    writer = Writer("input").add("Relu")
    writer.add("BatchNormalization", *(floats(3) for _ in range(4)))
    writer.add("Conv", floats(4, 3, 3, 3), pads=[1, 1, 1, 1]).add("GlobalAveragePool")
    writer.add("Flatten").add("MatMul", floats(4, 3))
    model = writer.model("input", ["N", 3, 8, 8], 3)
    core, _ = adopted(model, UserOptions(scale=255.0, mean=(0.0,), std=(1.0,), channels="bgr"))
    assert kinds(core) == {"Relu": 1, "Conv": 2, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1}


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


def test_names_that_are_ours_may_be_theirs() -> None:
    model = as_torch(random_network())
    model.graph.input[0].name = "logits"
    model.graph.node[0].input[0] = "logits"
    model.graph.node[-1].output[0] = "image"
    model.graph.output[0].name = "image"
    assert kinds(adopted(model)[0]) == CLEAN


def replaced_output(*sizes: int) -> onnx.ModelProto:
    model = as_torch(random_network())
    model.graph.output.append(helper.make_tensor_value_info("/Relu_1_output_0", 1, sizes))
    return model


def second_input() -> onnx.ModelProto:
    model = as_torch(random_network())
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 8, 8]))
    return model


def with_input(shape: list[int | str], element: int = TensorProto.FLOAT) -> onnx.ModelProto:
    return plain(random_network()).model("input", shape, 3, element=element)


def quantized() -> onnx.ModelProto:
    model = as_torch(random_network())
    model.graph.node.append(helper.make_node("QuantizeLinear", ["input", "s", "z"], ["q"]))
    return model


def of_opset(number: int) -> onnx.ModelProto:
    return as_torch(random_network(), opset=number)


def sigmoid() -> onnx.ModelProto:
    return plain(random_network()).add("Sigmoid").model("input", ["N", 1, 8, 8], 3)


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "two inputs": (second_input, "has 2 inputs: input: float32 .*mask"),
    "two outputs": (lambda: replaced_output(1, 4, 6, 6), "has 2 outputs"),
    "sequences of tokens": (lambda: with_input(["N", 128]), "takes no pictures"),
    "pictures without channels": (lambda: with_input(["N", 8, 8, 8]), "without 1 or 3 channels"),
    "half floats": (lambda: with_input(["N", 1, 8, 8], TensorProto.FLOAT16), "takes float16"),
    "an int8 model": (quantized, "quantized already"),
    "opset 5": (lambda: of_opset(5), "older than 7"),
    "a sigmoid": (sigmoid, "ends in a sigmoid"),
    "another number of labels": (lambda: as_torch(random_network(classes=5)), "5 classes.*3 label"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_classifier_of_pictures_is_refused_clearly(
    make: Callable[[], onnx.ModelProto], words: str
) -> None:
    with pytest.raises(ModelError, match=words) as refusal:
        adopted(make())
    assert refusal.value.remedy


def test_probabilities_without_a_softmax_are_refused() -> None:
    writer = plain(random_network(), head="Softmax")
    writer.add("Mul", np.array(1.0, np.float32)).add("Add", np.zeros(3, np.float32))
    writer.add("Max", np.zeros(3, np.float32))
    with pytest.raises(ModelError, match="no softmax was found"):
        adopted(writer.model("input", ["N", 1, 8, 8], 3))


def test_nan_is_refused() -> None:
    model = as_torch(random_network())
    tensor = model.graph.initializer[0]
    values = np.full(tuple(tensor.dims), np.nan, np.float32)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    with pytest.raises(ModelError, match="NaN"):
        adopted(model)


FLOAT = as_torch(random_network(channels=3))
UNKNOWN = {
    "the order of channels": (FLOAT, UNIT, "--channels"),
    "the range": (FLOAT, UserOptions(channels="rgb"), "--scale"),
    "the mean": (FLOAT, UserOptions(channels="rgb", scale=255.0, std=(1.0,)), "--mean"),
    "the layout": (with_input(["N", 3, 8, 3]), UserOptions(channels="rgb"), "--layout"),
    "the size": (with_input(["N", 1, "h", "w"]), UNIT, "--size"),
}


@pytest.mark.parametrize(("model", "told", "option"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_a_graph_does_not_say_must_be_told(
    model: onnx.ModelProto, told: UserOptions, option: str
) -> None:
    with pytest.raises(OptionError) as refusal:
        plan_input(outline_graph(model.SerializeToString()), told, 3)
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


@pytest.mark.parametrize(("model", "told", "words"), CONTRADICTED.values(), ids=CONTRADICTED)
def test_what_contradicts_the_graph_is_refused(
    model: onnx.ModelProto, told: UserOptions, words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        plan_input(outline_graph(model.SerializeToString()), told, 3)


def test_the_size_of_an_open_graph_is_told() -> None:
    model = with_input(["N", 1, "h", "w"])
    told = UserOptions((8, 8), scale=255.0, mean=(0.0,), std=(1.0,))
    assert kinds(adopted(model, told)[0]) == CLEAN
