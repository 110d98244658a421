"""Whom an int8 file is for decides how many bits its weights have."""

from dataclasses import replace

import pytest

from edgecnn.exporter.quantization.targets import Target, weight_bits
from edgecnn.inference.machine import describe_machine

HERE = describe_machine()


@pytest.mark.parametrize(
    ("system", "flags", "bits"),
    [
        ("Linux x86_64", ("sse4_1", "avx2"), 7),
        ("Linux x86_64", ("sse4_1", "avx2", "avx512f"), 7),
        ("Linux x86_64", ("avx2", "avx512f", "avx512_vnni"), 8),
        ("Linux x86_64", ("avx2", "avx_vnni"), 8),
        ("Linux aarch64", ("asimddp",), 8),
        ("Linux aarch64", (), 8),
        ("Darwin arm64", (), 8),
    ],
)
def test_weights_have_8_bits_where_nothing_saturates(
    system: str, flags: tuple[str, ...], bits: int
) -> None:
    machine = replace(HERE, system=system, flags=flags)
    assert weight_bits(Target.AUTO, machine) == bits
    assert weight_bits(Target.PORTABLE, machine) == 7
