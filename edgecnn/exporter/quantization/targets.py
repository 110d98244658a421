"""How many bits the weights of an int8 file may have, by the CPUs it is made for.

Activations are unsigned (U8), weights signed (S8) and scaled per output channel, everywhere: a
frame is uint8, and ONNX Runtime's QLinearConv wants input and output of the same signedness, so
signed activations would cost a conversion of every frame. The weights' range differs:

| CPU                       | product of u8 and s8                          | weights | source |
|---------------------------|-----------------------------------------------|---------|--------|
| x86 with VNNI             | 4 products summed in 32 bits (vpdpbusd)       | 8 bits  | 1, 2   |
| x86 with AVX2 or AVX-512  | 2 products summed in 16 bits (vpmaddubsw)     | 7 bits  | 1, 2   |
| Arm, with dot product     | 4 products summed in 32 bits (udot)           | 8 bits  | 1, 3   |
| Arm, without              | products of 16 bits, summed in 32 (umull)     | 8 bits  | 1, 3   |
| any, same results on each | 7-bit weights cannot exceed 16 bits           | 7 bits  | 4      |

1. The docstring of `onnxruntime.quantization.quantize_static`, "Choosing parameters for CPU
   inference": U8S8, `reduce_range=True` without VNNI, False with it; for Arm False, and S8S8 rather
   than U8S8, which works too.
2. Intel 64 and IA-32 Architectures Software Developer's Manual: VPMADDUBSW saturates the sum of two
   products to 16 bits; VPDPBUSD sums four in 32 bits.
3. Arm's instruction reference: UDOT sums four products in 32 bits; UMULL gives 16 bits, into which
   a product of two bytes fits.
4. 255 * (64 + 64) = 32,640 is below 32,768; measured by `tests/benchmarks/int8_recipes.py`.
"""

from enum import Enum

from edgecnn.exhaustive import assert_never
from edgecnn.inference.machine import Machine

PORTABLE_BITS = 7
FULL_BITS = 8
WEIGHT_LEVELS = {7: 64, 8: 127}
"""The largest level of a weight, by its bits: ONNX Runtime's quantizer, symmetric around 0."""
SAFE_FLAGS = ("avx_vnni", "avx512_vnni", "amx_int8")
"""x86 instruction sets whose u8 * s8 product is summed in 32 bits."""


class Target(str, Enum):
    """The CPUs that an int8 file is made for."""

    PORTABLE = "portable"
    """Any CPU, with the same labels on each: 7-bit weights."""
    AUTO = "auto"
    """CPUs such as this machine's: 8-bit weights where they cannot saturate."""


def weight_bits(target: Target, machine: Machine) -> int:
    """Return how many bits the weights of an int8 file may have, 7 or 8.

    `machine` is the one that exports; it counts only for `Target.AUTO`.
    """
    match target:
        case Target.PORTABLE:
            return PORTABLE_BITS
        case Target.AUTO:
            is_arm = machine.system.split()[-1].lower().startswith(("aarch64", "arm"))
            return FULL_BITS if is_arm or set(machine.flags) & set(SAFE_FLAGS) else PORTABLE_BITS
        case _:
            assert_never(target)
