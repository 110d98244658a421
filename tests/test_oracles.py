"""The tutorial's formulas in plain numpy, against torch and against exported files.

The oracles are written from the formulas alone: loops over output positions, and sums.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.exporter.graph.contract import wrap_fp32
from edgecnn.exporter.graph.plain_graph import export_core
from edgecnn.inference.classifier import Classifier
from edgecnn.inference.ort import onnxruntime
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build, to_input
from edgecnn.trainer.run_folder import read_run

Array = npt.NDArray[np.float64]

CLOSE = 1e-4
"""What float32 arithmetic in another order may change of a logit, relative and absolute."""


def convolution(x: Array, kernels: Array, bias: Array, stride: int) -> Array:
    """out[o, i, j] = bias[o] + sum over c, u, v of x[c, i*s + u, j*s + v] * kernels[o, c, u, v]."""
    filters, _, height, width = kernels.shape
    rows = (x.shape[1] - height) // stride + 1
    columns = (x.shape[2] - width) // stride + 1
    out = np.zeros((filters, rows, columns))
    for i in range(rows):
        for j in range(columns):
            patch = x[:, i * stride : i * stride + height, j * stride : j * stride + width]
            for o in range(filters):
                out[o, i, j] = bias[o] + (patch * kernels[o]).sum()
    return out


def max_pool(x: Array) -> Array:
    """The largest of each 2x2 block; an odd last row or column is dropped."""
    channels, height, width = x.shape
    out = np.zeros((channels, height // 2, width // 2))
    for c in range(channels):
        for i in range(height // 2):
            for j in range(width // 2):
                a, b = x[c, 2 * i, 2 * j], x[c, 2 * i, 2 * j + 1]
                d, e = x[c, 2 * i + 1, 2 * j], x[c, 2 * i + 1, 2 * j + 1]
                out[c, i, j] = max(a, b, d, e)
    return out


def dense(x: Array, weights: Array, bias: Array) -> Array:
    """out[k] = bias[k] + sum over i of weights[k, i] * x[i]."""
    return np.array([bias[k] + sum(weights[k] * x) for k in range(len(bias))])


def rectify(x: Array) -> Array:
    return np.where(x > 0, x, 0.0)


def softmax(logits: Array) -> Array:
    """exp(z - max z) over its sum: never overflows."""
    powers = np.exp(logits - max(logits))
    return np.array(powers / sum(powers))


def article(frame: Frame, weights: dict[str, Array], stride: int) -> Array:
    """Return the logits of one (h, w, c) uint8 frame."""
    x = np.moveaxis(frame.astype(np.float64) / 255.0, 2, 0)
    x = max_pool(rectify(convolution(x, weights["conv1.weight"], weights["conv1.bias"], stride)))
    x = max_pool(rectify(convolution(x, weights["conv2.weight"], weights["conv2.bias"], stride)))
    x = rectify(convolution(x, weights["conv3.weight"], weights["conv3.bias"], stride))
    hidden = rectify(dense(x.reshape(-1), weights["dense1.weight"], weights["dense1.bias"]))
    return dense(hidden, weights["dense2.weight"], weights["dense2.bias"])


def assert_close(logits: npt.NDArray[np.floating], oracle: Array) -> None:
    np.testing.assert_allclose(logits, oracle, rtol=CLOSE, atol=CLOSE)


def weights_of(network: torch.nn.Module) -> dict[str, Array]:
    return {n: t.detach().numpy().astype(np.float64) for n, t in network.state_dict().items()}


def temperature_of(model: Path) -> float:
    (rejection,) = read_model(model).card.rejection
    assert rejection.temperature != 1.0
    return rejection.temperature


@dataclass
class Small:
    """A network of random kernel and stride, through torch and through ONNX Runtime."""

    oracle: Array
    torch: npt.NDArray[np.float32]
    onnx: dict[str, npt.NDArray[np.float32]]


@pytest.fixture(scope="module", params=[11, 13], ids=["kernel 2, stride 1", "kernel 4, stride 2"])
def small(request: pytest.FixtureRequest) -> Small:
    random = np.random.default_rng(request.param)
    kernel, stride = int(random.integers(2, 5)), int(random.integers(1, 3))
    numbers = Architecture(widths=(3, 4, 5), kernel=kernel, stride=stride, dense=6)
    spec = ModelSpec(labels=("a", "b", "c"), height=75, width=82, channels=3)
    torch.manual_seed(request.param)
    network = build(numbers, spec.shape, len(spec.labels)).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.uniform_(parameter, -0.5, 0.5)
    frames = random.integers(0, 256, (3, *spec.shape), np.uint8)
    frames[1] //= 2
    frames[2] //= 8
    with torch.inference_mode():
        logits = network(to_input(torch.tensor(frames))).numpy()
    oracle = np.stack([article(frame, weights_of(network), stride) for frame in frames])
    model = wrap_fp32(export_core(network, spec), spec)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = ["logits", "probabilities"]
    outputs: list[Any] = session.run(names, {"frame": frames})
    return Small(oracle, logits, dict(zip(names, outputs, strict=True)))


@settings(deadline=None, max_examples=60)
@given(
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    extra=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    seed=st.integers(0, 2**32 - 1),
)
def test_torch_convolves_as_the_formula_says(
    kernel: int, stride: int, channels: int, filters: int, extra: tuple[int, int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(channels, kernel + extra[0], kernel + extra[1]))
    kernels = random.normal(size=(filters, channels, kernel, kernel))
    bias = random.normal(size=filters)
    answer = F.conv2d(
        torch.tensor(x)[None], torch.tensor(kernels), torch.tensor(bias), stride=stride
    )
    np.testing.assert_allclose(answer[0].numpy(), convolution(x, kernels, bias, stride), atol=1e-10)


@settings(deadline=None, max_examples=40)
@given(height=st.integers(2, 9), width=st.integers(2, 9), seed=st.integers(0, 2**32 - 1))
def test_torch_pools_as_the_formula_says(height: int, width: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(2, height, width))
    answer = F.max_pool2d(torch.tensor(x)[None], 2)[0].numpy()
    np.testing.assert_array_equal(answer, max_pool(x))


@settings(deadline=None, max_examples=40)
@given(inputs=st.integers(1, 40), outputs=st.integers(1, 10), seed=st.integers(0, 2**32 - 1))
def test_torch_multiplies_as_the_formula_says(inputs: int, outputs: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, bias = random.normal(size=inputs), random.normal(size=outputs)
    weights = random.normal(size=(outputs, inputs))
    answer = F.linear(torch.tensor(x), torch.tensor(weights), torch.tensor(bias)).numpy()
    np.testing.assert_allclose(answer, dense(x, weights, bias), atol=1e-10)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=12))
def test_torch_takes_the_softmax_as_the_formula_says(logits: list[float]) -> None:
    oracle = softmax(np.array(logits))
    answer = torch.softmax(torch.tensor(logits, dtype=torch.float64), 0).numpy()
    np.testing.assert_allclose(answer, oracle, atol=1e-12)
    assert oracle.sum() == pytest.approx(1.0, abs=1e-12)


def test_the_trained_network_gives_the_formulas_logits_in_torch(
    run_folder: Path, frames: list[Frame]
) -> None:
    run = read_run(run_folder)
    weights = weights_of(run.network)
    with torch.inference_mode():
        logits = run.network.eval()(to_input(torch.tensor(np.stack(frames[:4])))).numpy()
    oracle = np.stack([article(frame, weights, stride=1) for frame in frames[:4]])
    assert_close(logits, oracle)
    assert len(set(oracle.argmax(1))) > 1


def test_the_fp32_file_gives_the_formulas_logits_in_the_runner(
    run_folder: Path, fp32: Path, frames: list[Frame]
) -> None:
    weights = weights_of(read_run(run_folder).network)
    with Classifier(fp32) as classifier:
        logits = classifier.logits(frames[4:8])
    oracle = np.stack([article(frame, weights, stride=1) for frame in frames[4:8]])
    assert_close(logits, oracle / temperature_of(fp32))


def test_the_fp32_file_gives_the_formulas_probabilities_in_the_runner(
    run_folder: Path, fp32: Path, frames: list[Frame]
) -> None:
    weights = weights_of(read_run(run_folder).network)
    with Classifier(fp32) as classifier:
        prediction = classifier(frames[8])
    oracle = softmax(article(frames[8], weights, stride=1) / temperature_of(fp32))
    np.testing.assert_allclose(prediction.probabilities, oracle, atol=1e-5)
    assert prediction.label == prediction.labels[int(oracle.argmax())]


@pytest.mark.parametrize("form", ["fp32", "int8"])
def test_the_probabilities_of_a_file_sum_to_one(
    form: str, frames: list[Frame], request: pytest.FixtureRequest
) -> None:
    with Classifier(request.getfixturevalue(form)) as classifier:
        sums = [float(p.probabilities.sum(dtype=np.float64)) for p in classifier(frames)]
    assert sums == pytest.approx([1.0] * len(frames), abs=1e-6)


def test_another_kernel_and_stride_give_the_formulas_logits_in_torch(small: Small) -> None:
    assert_close(small.torch, small.oracle)


def test_another_kernel_and_stride_give_the_formulas_logits_for_a_batch_of_three(
    small: Small,
) -> None:
    assert small.onnx["logits"].shape == (3, 3)
    assert_close(small.onnx["logits"], small.oracle)


def test_another_kernel_and_stride_give_the_formulas_probabilities(small: Small) -> None:
    oracle = np.stack([softmax(row) for row in small.oracle])
    np.testing.assert_allclose(small.onnx["probabilities"], oracle, atol=1e-5)
    sums = small.onnx["probabilities"].sum(axis=1, dtype=np.float64)
    np.testing.assert_allclose(sums, 1.0, atol=1e-6)


def test_the_pictures_of_a_batch_do_not_answer_for_each_other(small: Small) -> None:
    distances = np.abs(small.oracle[:, None] - small.oracle[None]).max(-1)
    assert distances[~np.eye(3, dtype=bool)].min() > 10 * CLOSE
