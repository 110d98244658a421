"""A graph as a torch network computes what ONNX Runtime computes from the file."""

import numpy as np
import torch

from edgecnn.exporter.quantization.graph_network import GraphNetwork, weight_levels, weight_scale
from edgecnn.exporter.quantization.quantize import Choice, quantize
from exporter.quantization.trained import Trained


def test_the_plain_graph_in_torch_is_the_torch_network(trained: Trained) -> None:
    found = trained.answers(GraphNetwork(trained.core, trained.core))
    np.testing.assert_allclose(found, trained.answers(trained.network.eval()), rtol=1e-3, atol=1e-4)


def test_the_quantized_graph_in_torch_is_what_onnx_runtime_computes(trained: Trained) -> None:
    own = trained.answers(GraphNetwork(trained.core, trained.quantized))
    runtimes = trained.runtimes(trained.quantized)
    unit = 0.01 * runtimes.std()
    assert np.abs(own - runtimes).mean() < unit
    second, first = np.sort(runtimes, 1)[:, -2:].T
    clear = first - second > 5 * unit  # closer ones are ties that rounding decides
    agree = own.argmax(1) == runtimes.argmax(1)
    assert clear.mean() > 0.5
    assert agree[clear].mean() >= 0.99
    assert agree.mean() >= 0.98


def test_the_levels_of_weights_are_read_from_their_graph(article: Trained) -> None:
    assert weight_levels(article.quantized) == 64
    frames = np.asarray(article.data.train.frames[:20])
    assert weight_levels(quantize(article.core, frames, Choice(weight_bits=8))) == 127


def test_each_output_channel_has_its_own_scale_and_one_of_zeros_is_not_divided_by_0() -> None:
    weight = torch.tensor([[1.0, -2.0], [0.0, 0.0], [0.5, 0.25]])
    assert weight_scale(weight, 64).tolist() == [2 / 64, 1 / 64, 0.5 / 64]


def test_gradients_pass_through_the_rounding(article: Trained) -> None:
    network = GraphNetwork(article.core, article.quantized)
    network(article.images[:4]).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in network.weights)
