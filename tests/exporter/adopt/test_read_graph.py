"""External graphs become plain ones, whatever exporter wrote them."""

import warnings
from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from external_models import (
    Network,
    as_cntk,
    as_keras,
    as_old,
    as_tensorflow,
    as_torch,
    plain,
    random_network,
    with_uint8_input,
)
from onnx import helper
from torch.nn import functional as F  # noqa: N812  (its usual name)

from edgecnn.errors import ModelError
from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions
from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.exporter.adopt.output import Ending
from edgecnn.exporter.adopt.read_graph import probe_frames
from edgecnn.exporter.graph.editing import constants_of, with_constants
from exporter.adopt.graphs import CLEAN, UNIT, adopted, kinds, outputs


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


@pytest.mark.parametrize(("write", "given", "ending"), MODELS.values(), ids=MODELS)
def test_a_graph_comes_out_as_clean_as_our_own(
    write: Callable[[Network], onnx.ModelProto], given: UserOptions, ending: Ending
) -> None:
    core, found = adopted(write(random_network()), given)
    assert kinds(core) == CLEAN
    assert found.ending is ending
    assert {e.domain: e.version for e in core.opset_import} == {"": 20}


@pytest.mark.parametrize(("write", "given", "ending"), MODELS.values(), ids=MODELS)
def test_a_clean_graph_takes_any_number_of_frames(
    write: Callable[[Network], onnx.ModelProto], given: UserOptions, ending: Ending
) -> None:
    core, _ = adopted(write(random_network()), given)
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


def test_cntks_network_of_the_zoos_mnist_computes_what_torch_does() -> None:
    """SAME padding, constants as inputs, a matrix that is reshaped: pixels 0 to 255."""
    random = np.random.default_rng(0)
    shapes = [(8, 1, 5, 5), (8, 1, 1), (16, 8, 5, 5), (16, 1, 1), (16, 4, 4, 10), (1, 10)]
    weights = [random.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]
    core, _ = adopted(as_cntk(weights), ASSUMPTIONS["pixels"], 10)
    assert kinds(core) == {"Conv": 2, "Relu": 2, "MaxPool": 2, "Flatten": 1, "Gemm": 1}
    frames = probe_frames(4, (28, 28, 1))
    w = [torch.tensor(weight) for weight in weights]
    x = torch.tensor(frames.transpose(0, 3, 1, 2).astype(np.float32))
    x = F.max_pool2d(F.relu(F.conv2d(x, w[0], padding=2) + w[1]), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, w[2], padding=2) + w[3]), 3)
    expected = (x.flatten(1) @ w[4].reshape(256, 10) + w[5]).numpy()
    np.testing.assert_allclose(outputs(core, frames), expected, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("size", [15, 16])
def test_tensorflows_uneven_padding_computes_what_torch_does(size: int) -> None:
    random = np.random.default_rng(0)
    shapes = [(8, 3, 3, 3), (8,), (8, 1, 3, 3), (8,), (8, 5), (5,)]
    weights = [random.normal(0, 0.5, shape).astype(np.float32) for shape in shapes]
    rgb = UserOptions(channels="rgb", scale=127.5, mean=(1.0,), std=(1.0,))
    core, found = adopted(as_tensorflow(weights, size), rgb, 5)
    assert kinds(core)["Conv"] == 3  # the first one normalizes
    assert found.ending is Ending.SOFTMAX
    frames = probe_frames(4, (size, size, 3))
    x = torch.tensor(frames[..., ::-1].copy()).permute(0, 3, 1, 2) / 127.5 - 1
    w = [torch.tensor(weight) for weight in weights]
    x = F.conv2d(same(x, 3), w[0], w[1], stride=2).clamp(0, 6)
    x = F.conv2d(same(x, 3), w[2], w[3], stride=2, groups=8).clamp(0, 6)
    x = F.avg_pool2d(x, 2, 2)  # four by four
    expected = (x.mean((2, 3)) @ w[4] + w[5]).numpy()
    np.testing.assert_allclose(outputs(core, frames), expected, atol=1e-4)


def same(x: torch.Tensor, kernel: int) -> torch.Tensor:
    """Pad as TensorFlow does for stride 2: an odd row goes to the end."""
    total = max(0, (-(-x.shape[-1] // 2) - 1) * 2 + kernel - x.shape[-1])
    return F.pad(x, (total // 2, total - total // 2) * 2)


def test_names_that_are_ours_may_be_theirs() -> None:
    model = as_torch(random_network())
    model.graph.input[0].name = "logits"
    model.graph.node[0].input[0] = "logits"
    model.graph.node[-1].output[0] = "image"
    model.graph.output[0].name = "image"
    assert kinds(adopted(model)[0]) == CLEAN


def test_another_number_of_labels_is_refused() -> None:
    with pytest.raises(ModelError, match=r"5 classes.*3 label") as refusal:
        adopted(as_torch(random_network(classes=5)))
    assert refusal.value.remedy


def test_nan_is_refused() -> None:
    model = as_torch(random_network())
    name = model.graph.initializer[0].name
    broken = with_constants(model, {name: np.full_like(constants_of(model.graph)[name], np.nan)})
    with pytest.raises(ModelError, match="NaN"):
        adopted(broken)


def test_synthetic_frames_are_blocks_and_the_same_each_time() -> None:
    frames = probe_frames(2, (10, 15, 3))
    assert frames.shape == (2, 10, 15, 3)
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, probe_frames(2, (10, 15, 3)))
    assert (frames[:, ::2] == frames[:, 1::2]).all()
