"""The hyperparameters of a network: what no layer can have is refused at once."""

from dataclasses import replace

import pytest

from edgecnn.errors import OptionError
from edgecnn.trainer.networks.architecture import Architecture

EDGE = Architecture("edge", widths=(4, 6, 8), depths=(1, 0, 2), stride=2, expansion=1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kernel", 0),
        ("kernel", -3),
        ("stride", 0),
        ("stride", -1),
        ("dense", 0),
        ("widths", (32, 0, 64)),
        ("widths", (32, 64, -64)),
    ],
)
def test_numbers_below_one_are_refused(name: str, value: int | tuple[int, ...]) -> None:
    numbers = {name: value}
    with pytest.raises(OptionError, match=name) as caught:
        Architecture(**numbers)  # type: ignore[arg-type]
    assert "1 or more" in caught.value.remedy


@pytest.mark.parametrize(
    "change", [{"depths": (1, -1, 0)}, {"expansion": 0.0}, {"expansion": 17.0}], ids=str
)
def test_numbers_that_no_layer_can_have_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"network {next(iter(change))}"):
        replace(EDGE, **change)  # type: ignore[arg-type]


def test_the_defaults_are_the_tutorials_network() -> None:
    assert Architecture() == Architecture("article", (32, 64, 64), kernel=3, stride=1, dense=64)
    assert Architecture.from_json(EDGE.to_json()) == EDGE
