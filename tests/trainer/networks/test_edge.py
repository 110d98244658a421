"""`edge`: every hyperparameter changes the network as described."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from edgecnn.errors import OptionError
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, build

CIFAR = ModelSpec(labels=tuple("0123456789"), height=32, width=32, channels=3)
EDGE = Architecture("edge", widths=(4, 6, 8), depths=(1, 0, 2), stride=2, expansion=1.5)


def values(network: nn.Module) -> int:
    """Count parameters, running means and variances."""
    return sum(t.numel() for t in network.state_dict().values() if t.is_floating_point())


def conv_bn(inputs: int, outputs: int, kernel: int) -> int:
    """Return the values of a convolution without bias and its norm."""
    return inputs * outputs * kernel**2 + 4 * outputs


def edge_values(numbers: Architecture, channels: int, classes: int) -> int:
    total, inputs = 0, channels
    for width, depth in zip(numbers.widths, numbers.depths, strict=True):
        inner = round(width * numbers.expansion)
        block = conv_bn(width, inner, numbers.kernel) + conv_bn(inner, width, numbers.kernel)
        total += conv_bn(inputs, width, 3) + depth * block
        inputs = width
    return total + classes * (inputs + 1)


@pytest.mark.parametrize(
    "change",
    [{}, {"widths": (3, 5, 9)}, {"depths": (0, 0, 0)}, {"depths": (2, 1, 0)}, {"kernel": 5},
     {"kernel": 1}, {"expansion": 0.5}, {"expansion": 3.0},
     {"widths": (7,), "depths": (1,)}],
    ids=str,
)  # fmt: skip
def test_every_number_of_edge_counts_in_its_values(change: dict[str, object]) -> None:
    numbers = replace(EDGE, **change)  # type: ignore[arg-type]
    assert values(build(numbers, (24, 24, 3), 5)) == edge_values(numbers, 3, 5)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_the_stride_is_of_the_first_convolution_and_later_stages_halve(stride: int) -> None:
    network = build(replace(EDGE, stride=stride), (32, 64, 1), 5)
    seen = []
    for stage in network.get_submodule("stages").children():
        stage.register_forward_hook(lambda _m, _x, y: seen.append(tuple(y.shape[1:])))
    network(torch.zeros(2, 1, 32, 64))
    sides = [stride, 2 * stride, 4 * stride]
    assert seen == [
        (width, 32 // side, 64 // side) for width, side in zip(EDGE.widths, sides, strict=True)
    ]


@pytest.mark.parametrize("name", ["edge", "resnet8"])
@pytest.mark.parametrize(
    ("shape", "classes"), [((8, 8, 1), 2), ((33, 47, 3), 7), ((20, 64, 1), 101)], ids=str
)
def test_any_size_channels_and_classes_fit(
    name: str, shape: tuple[int, int, int], classes: int
) -> None:
    height, width, channels = shape
    network = build(replace(EDGE, name=name), shape, classes)
    assert network(torch.rand(2, channels, height, width)).shape == (2, classes)


@pytest.mark.parametrize(
    ("change", "size", "named"),
    [
        ({"depths": (1, 1)}, 32, "3 widths and 2 depths"),
        ({"widths": (), "depths": ()}, 32, "0 widths"),
        ({"kernel": 4}, 32, "kernel 4 has no middle"),
        ({"stride": 4}, 15, "15 pixels are too few for 3 stages"),
    ],
    ids=str,
)
def test_numbers_that_make_no_edge_network_are_refused(
    change: dict[str, object], size: int, named: str
) -> None:
    numbers = replace(EDGE, **change)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=named):
        build(numbers, (size, size, 1), 5)
