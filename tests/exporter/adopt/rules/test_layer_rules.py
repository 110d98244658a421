"""Simplification rules for layers: fewer nodes, the same output."""

from collections.abc import Callable

import numpy as np
import pytest
from external_models import Writer

from edgecnn.exporter.adopt.input_plan import ASSUMPTIONS, UserOptions
from edgecnn.exporter.adopt.library import open_plain, run
from edgecnn.exporter.adopt.read_graph import probe_frames
from exporter.adopt.graphs import UNIT, adopted, coloured, kinds


def test_batch_norms_are_folded_and_means_become_pools() -> None:
    core, _ = adopted(coloured(padded=False)[0], ASSUMPTIONS["imagenet"])
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


RANDOM = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.5, 1.5, shape).astype(np.float32)


CONV = (floats(4, 1, 3, 3), floats(4))
CASES = {
    "a factor per channel": lambda w: w.add("Conv", *CONV).add("Mul", floats(4, 1, 1)),
    "a constant per channel": lambda w: w.add("Conv", CONV[0]).add("Add", floats(4, 1, 1)),
    "a subtraction": lambda w: w.add("Conv", *CONV).add("Sub", floats(4, 1, 1)),
    "a division": lambda w: w.add("Conv", *CONV).add("Div", floats(4, 1, 1)),
    "zeros around": lambda w: w.add("Pad", np.array([0, 0, 1, 1, 0, 0, 1, 1])).add("Conv", *CONV),
}


@pytest.mark.parametrize("write", CASES.values(), ids=CASES)
def test_what_stands_beside_a_convolution_is_folded_into_it(
    write: Callable[[Writer], Writer],
) -> None:
    writer = write(Writer("input")).add("Relu").add("GlobalAveragePool").add("Flatten")
    model = writer.add("MatMul", floats(4, 3)).model("input", ["N", 1, 8, 8], 3)
    core, _ = adopted(model, UNIT)
    assert kinds(core) == {"Conv": 1, "Relu": 1, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1}
    images = probe_frames(2, (8, 8, 1)).transpose(0, 3, 1, 2) / np.float32(255)
    own, original = (run(open_plain(m.SerializeToString()), images) for m in (core, model))
    np.testing.assert_allclose(own, original, rtol=1e-4)


def test_a_convolution_of_one_pixel_becomes_a_dense_layer() -> None:
    writer = Writer("input").add("Conv", *CONV).add("Relu").add("GlobalAveragePool")
    writer.add("Conv", floats(3, 4, 1, 1), floats(3)).add("Flatten")
    core, _ = adopted(writer.model("input", ["N", 1, 8, 8], 3))
    assert kinds(core) == {"Conv": 1, "Relu": 1, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1}
