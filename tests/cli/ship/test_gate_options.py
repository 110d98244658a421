"""Options that `export` and `adopt` share become the options of an export."""

import pytest

from edgecnn.cli.ship.gate_options import export_options
from edgecnn.errors import OptionError
from edgecnn.exporter.options import Options
from edgecnn.exporter.quantization.targets import Target


def made(precision: str = "fp32,int8", ood: list[str] | None = None) -> Options:
    return export_options(
        precision, Target.AUTO, 0.7, 1.2, 300.0, force=True, strict=False, keep=0.9, ood=ood
    )


def test_every_option_arrives() -> None:
    options = made(ood=["mnist", "kmnist"])
    limits = options.limits
    assert [str(form) for form in options.forms] == ["fp32", "int8"]
    assert (limits.max_drop, limits.max_ratio, limits.max_kib) == (0.7, 1.2, 300.0)
    assert (options.target, options.force, options.strict, options.keep) == (
        Target.AUTO, True, False, 0.9,
    )  # fmt: skip
    assert options.ood == ("mnist", "kmnist")


def test_without_other_data_sets_there_are_none() -> None:
    assert made().ood == ()


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(OptionError, match="int7"):
        made("int7")
