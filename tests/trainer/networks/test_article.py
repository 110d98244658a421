"""`article`: the CNN of the Keras tutorial, tensor by tensor."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from edgecnn.errors import OptionError
from edgecnn.trainer.networks import Architecture, build

ARTICLE_PARAMETERS = {
    "conv1.weight": (32, 1, 3, 3),
    "conv1.bias": (32,),
    "conv2.weight": (64, 32, 3, 3),
    "conv2.bias": (64,),
    "conv3.weight": (64, 64, 3, 3),
    "conv3.bias": (64,),
    "dense1.weight": (64, 576),
    "dense1.bias": (64,),
    "dense2.weight": (10, 64),
    "dense2.bias": (10,),
}


ARTICLE_ACTIVATIONS = [
    ("conv1", (32, 26, 26)),
    ("pool", (32, 13, 13)),
    ("conv2", (64, 11, 11)),
    ("pool", (64, 5, 5)),
    ("conv3", (64, 3, 3)),
    ("dense1", (64,)),
    ("dense2", (10,)),
]


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def activations(network: nn.Module, shape: tuple[int, int, int]) -> list[tuple[str, Tensor]]:
    """Return each layer's output for two black pictures, in the order of computation."""
    seen: list[tuple[str, Tensor]] = []

    def watch(name: str, layer: nn.Module) -> None:
        layer.register_forward_hook(lambda _layer, _inputs, output: seen.append((name, output)))

    for name, layer in network.named_children():
        watch(name, layer)
    height, width, channels = shape
    network(torch.zeros(2, channels, height, width))
    return seen


def valid_sides(side: int, numbers: Architecture) -> list[int]:
    """Return one side's length after each convolution and pool, by the textbook's formula."""
    sides = []
    for pooled in (True, True, False):
        side = math.floor((side - numbers.kernel) / numbers.stride) + 1
        sides.append(side)
        if pooled:
            side = side // 2
            sides.append(side)
    return sides


def test_the_article_network_has_93322_parameters() -> None:
    assert count(build(Architecture(), (28, 28, 1), 10)) == 93_322


def test_every_parameter_tensor_has_the_article_shape() -> None:
    network = build(Architecture(), (28, 28, 1), 10)
    assert {n: tuple(p.shape) for n, p in network.named_parameters()} == ARTICLE_PARAMETERS


def test_every_activation_has_the_article_shape() -> None:
    seen = activations(build(Architecture(), (28, 28, 1), 10), (28, 28, 1))
    assert [(name, tuple(output.shape[1:])) for name, output in seen] == ARTICLE_ACTIVATIONS


def test_the_first_dense_layer_reads_576_values() -> None:
    network = build(Architecture(), (28, 28, 1), 10)
    read: list[tuple[int, ...]] = []
    network.get_submodule("dense1").register_forward_hook(
        lambda _layer, inputs, _output: read.append(tuple(inputs[0].shape))
    )
    network(torch.zeros(3, 1, 28, 28))
    assert read == [(3, 576)]


def test_activations_are_rectified_before_the_next_layer() -> None:
    network = build(Architecture(), (28, 28, 1), 10).eval()
    lowest: dict[str, float] = {}

    def watch(name: str) -> None:
        network.get_submodule(name).register_forward_hook(
            lambda _layer, inputs, _output: lowest.update({name: float(inputs[0].detach().min())})
        )

    for name in ("pool", "conv2", "conv3", "dense1", "dense2"):
        watch(name)
    network(torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
    assert lowest == dict.fromkeys(lowest, 0.0)
    assert len(lowest) == 5


@pytest.mark.parametrize(
    ("height", "width", "channels", "classes"),
    [
        pytest.param(28, 28, 1, 2, id="two classes"),
        pytest.param(32, 32, 3, 10, id="colour"),
        pytest.param(18, 18, 1, 3, id="smallest square"),
        pytest.param(40, 64, 3, 7, id="wide"),
        pytest.param(96, 50, 1, 101, id="tall, many classes"),
    ],
)
def test_any_input_and_number_of_classes_fits(
    height: int, width: int, channels: int, classes: int
) -> None:
    network = build(Architecture(), (height, width, channels), classes)
    rows, columns = (valid_sides(side, Architecture())[-1] for side in (height, width))
    convolutions = 32 * (9 * channels + 1) + 64 * (9 * 32 + 1) + 64 * (9 * 64 + 1)
    dense = 64 * (64 * rows * columns + 1) + classes * (64 + 1)
    assert count(network) == convolutions + dense
    assert network(torch.zeros(2, channels, height, width)).shape == (2, classes)


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(Architecture(kernel=1), id="kernel 1"),
        pytest.param(Architecture(kernel=2), id="kernel 2"),
        pytest.param(Architecture(kernel=5), id="kernel 5"),
        pytest.param(Architecture(stride=2), id="stride 2"),
        pytest.param(Architecture(kernel=1, stride=3), id="kernel 1, stride 3"),
        pytest.param(Architecture(kernel=4, stride=2), id="kernel 4, stride 2"),
        pytest.param(Architecture(widths=(3, 5, 7), dense=11), id="other widths"),
    ],
)
def test_kernel_stride_and_widths_change_shapes_as_the_formula_says(numbers: Architecture) -> None:
    height, width = 97, 121
    seen = activations(build(numbers, (height, width, 3), 4), (height, width, 3))
    first, second, third = numbers.widths
    rows, columns = valid_sides(height, numbers), valid_sides(width, numbers)
    channels = [first, first, second, second, third]
    maps = list(zip(channels, rows, columns, strict=True))
    assert [tuple(output.shape[1:]) for _, output in seen] == [*maps, (numbers.dense,), (4,)]


@pytest.mark.parametrize("seed", [0, 1])
def test_weights_are_glorot_uniform(seed: int) -> None:
    torch.manual_seed(seed)
    network = build(Architecture(), (28, 28, 1), 10)
    for name, weight in network.state_dict().items():
        if name.endswith("bias"):
            continue
        field = math.prod(weight.shape[2:])
        bound = math.sqrt(6 / (weight.shape[1] * field + weight.shape[0] * field))
        assert weight.abs().max() <= bound, name
        assert weight.max() > 0.95 * bound, name
        assert weight.min() < -0.95 * bound, name
        assert weight.std() == pytest.approx(bound / math.sqrt(3), rel=0.1), name


def test_biases_start_at_zero() -> None:
    network = build(Architecture(), (28, 28, 1), 10)
    biases = [p for name, p in network.named_parameters() if name.endswith("bias")]
    assert len(biases) == 5
    assert all(not bias.any() for bias in biases)


@pytest.mark.parametrize(
    ("shape", "numbers", "named"),
    [
        pytest.param((17, 28, 1), Architecture(), "17 pixels", id="too low"),
        pytest.param((28, 17, 1), Architecture(), "17 pixels", id="too narrow"),
        pytest.param((28, 28, 1), Architecture(kernel=7), "kernel 7", id="kernel too large"),
        pytest.param((28, 28, 1), Architecture(stride=3), "stride 3", id="stride too large"),
    ],
)
def test_an_input_too_small_for_the_convolutions_is_refused(
    shape: tuple[int, int, int], numbers: Architecture, named: str
) -> None:
    with pytest.raises(OptionError, match=named) as caught:
        build(numbers, shape, 10)
    assert "larger size" in caught.value.remedy


def test_the_remedy_for_a_small_input_helps() -> None:
    numbers = Architecture(kernel=5)
    with pytest.raises(OptionError, match="28 pixels are too few for kernel 5"):
        build(numbers, (28, 28, 1), 10)
    assert count(build(numbers, (36, 36, 1), 10)) > 0
    assert count(build(replace(numbers, kernel=3), (28, 28, 1), 10)) > 0


@pytest.mark.parametrize("widths", [(), (32,), (32, 64), (32, 64, 64, 64)], ids=len)
def test_a_wrong_number_of_widths_is_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="3 convolutions") as caught:
        build(Architecture(widths=widths), (28, 28, 1), 10)
    assert caught.value.remedy == "give 3 widths"


def test_training_computes_the_same_logits_and_gradients_to_the_last_bit() -> None:
    """In training ReLU follows the pooling, in the file it comes first."""
    torch.manual_seed(0)
    network = build(Architecture(), (28, 28, 1), 10)
    pictures = torch.rand(8, 1, 28, 28)
    found = []
    for mode in (True, False):
        network.train(mode)
        network.zero_grad()
        logits = network(pictures)
        logits.square().sum().backward()
        found.append(
            [logits.detach(), *(p.grad.clone() for p in network.parameters() if p.grad is not None)]
        )
    assert len(found[0]) == 11
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
