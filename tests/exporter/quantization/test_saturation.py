"""The audit foretells where AVX2 computes something else, and is right: an emulated CPU says so."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from emulate import HERE, NO_QEMU, haswell, run_on
from onnx import TensorProto, helper, numpy_helper

from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, finish
from edgecnn.exporter.quantization.quantize import Choice, quantize, to_image
from edgecnn.exporter.quantization.saturation import audit, can_saturate, patches

SIDE = 8
Attributes = dict[str, Any]


def crafted(channels: int, *, sign: float = 1.0) -> onnx.ModelProto:
    """Return a graph whose weights are all large: neighbouring products add up."""
    random = np.random.default_rng(channels)
    tensors = {
        "w1": random.uniform(0.5, 1, (8, channels, 3, 3)) * sign,
        "b1": random.normal(0, 1, 8) + (0 if sign > 0 else 9 * channels),
        "w2": random.uniform(0.5, 1, (8, 8, 3, 3)),
        "b2": random.normal(0, 1, 8),
        "w3": random.uniform(0.2, 1, (3, 8)),
        "b3": random.normal(0, 1, 3),
    }
    nodes = [
        helper.make_node("Conv", [IMAGE, "w1", "b1"], ["c1"], "conv1", kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], "conv2", kernel_shape=[3, 3],
                         pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["p"], "pool"),
        helper.make_node("Flatten", ["p"], ["f"], "flat"),
        helper.make_node("Gemm", ["f", "w3", "b3"], [LOGITS], "gemm1", transB=1),
    ]  # fmt: skip
    inputs = [helper.make_tensor_value_info(IMAGE, 1, ["N", channels, SIDE, SIDE])]
    outputs = [helper.make_tensor_value_info(LOGITS, 1, ["N", 3])]
    weights = [numpy_helper.from_array(v.astype(np.float32), n) for n, v in tensors.items()]
    graph = helper.make_graph(nodes, "crafted", inputs, outputs, weights)
    opset = [helper.make_opsetid("", 20)]
    return finish(helper.make_model(graph, opset_imports=opset, ir_version=10))


def bright(channels: int) -> np.ndarray:
    """Return frames of bright noise."""
    random = np.random.default_rng(0)
    return random.integers(128, 256, (16, SIDE, SIDE, channels)).astype(np.uint8)


def one_layer(weights: np.ndarray, attributes: Attributes) -> onnx.ModelProto:
    """Return an integer convolution: uint8 levels as floats in, uint8 levels as floats out."""
    channels = weights.shape[1] * int(attributes.get("group", 1))
    constants = {
        "one": np.float32(1), "zero": np.uint8(0), "w": weights, "w1": np.float32(1),
        "w0": np.int8(0), "wide": np.float32(1000.0), "middle": np.uint8(128),
    }  # fmt: skip
    nodes = [
        helper.make_node("QuantizeLinear", [IMAGE, "one", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "one", "zero"], ["x"]),
        helper.make_node("DequantizeLinear", ["w", "w1", "w0"], ["y"]),
        helper.make_node("Conv", ["x", "y"], ["c"], "conv1", kernel_shape=[3, 3], **attributes),
        helper.make_node("QuantizeLinear", ["c", "wide", "middle"], ["r"]),
        helper.make_node("DequantizeLinear", ["r", "wide", "middle"], [LOGITS]),
    ]
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "one", [info(IMAGE, TensorProto.FLOAT, ["N", channels, SIDE, SIDE])],
        [info(LOGITS, TensorProto.FLOAT, None)], tensors,
    )  # fmt: skip
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


SHAPES: dict[str, tuple[int, Attributes]] = {
    "gray": (1, {}),
    "colour": (3, {"pads": [1, 1, 1, 1]}),
    "four channels": (4, {"strides": [2, 2]}),
    "dilated": (8, {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
    "in groups": (4, {"group": 2, "pads": [0, 1, 0, 1]}),
}


def levels_and_weights(channels: int, attributes: Attributes) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(channels)
    groups = int(attributes.get("group", 1))
    levels = random.integers(0, 256, (channels, SIDE, SIDE)).astype(np.uint8)
    return levels, random.integers(-127, 128, (8, channels // groups, 3, 3)).astype(np.int8)


def accumulate_avx2(levels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Multiply (m, K) levels by (outputs, K) weights as vpmaddubsw does: (m, outputs)."""
    odd = ((0, 0), (0, levels.shape[1] % 2))
    a, w = np.pad(levels, odd).astype(np.int32), np.pad(weights, odd).astype(np.int32)
    products = a[:, None, :] * w[None, :, :]
    sums = products[..., 0::2] + products[..., 1::2]
    total: np.ndarray = sums.clip(-(2**15), 2**15 - 1).sum(-1, dtype=np.int32)
    return total


def emulated(node: onnx.NodeProto, levels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what AVX2 sums up: (outputs, positions)."""
    groups = len(levels) // weights.shape[1]
    parts = zip(np.split(levels, groups), np.split(weights, groups), strict=True)
    return np.concatenate([
        accumulate_avx2(patches(own, node, 0), rows.transpose(0, 2, 3, 1).reshape(len(rows), -1)).T
        for own, rows in parts
    ])  # fmt: skip


def test_a_pair_sum_is_cut_off_at_16_bits_on_both_sides() -> None:
    levels = np.array([[255, 255, 255, 255]], np.uint8)
    weights = np.array([[127, 127, 1, 1], [-127, -127, 1, 1], [64, 64, -64, 64]], np.int8)
    assert accumulate_avx2(levels, weights).tolist() == [[32767 + 510, -32768 + 510, 32640]]


def test_weights_of_7_bits_cannot_saturate_and_one_level_more_can() -> None:
    assert not can_saturate(np.full((1, 2), 64, np.int8)).any()
    assert not can_saturate(np.full((1, 2), -64, np.int8)).any()
    assert can_saturate(np.array([[64, 65]], np.int8)).all()
    assert can_saturate(np.array([[-64, -65]], np.int8)).all()
    assert not can_saturate(np.array([[127, -127, 127]], np.int8)).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_patches_times_weights_are_the_convolution(shape: str) -> None:
    channels, attributes = SHAPES[shape]
    levels, weights = levels_and_weights(channels, attributes)
    (node,) = (n for n in one_layer(weights, attributes).graph.node if n.op_type == "Conv")
    groups = len(levels) // weights.shape[1]
    parts = zip(np.split(levels, groups), np.split(weights, groups), strict=True)
    own = np.concatenate([
        rows.transpose(0, 2, 3, 1).reshape(len(rows), -1).astype(int)
        @ patches(part, node, 0).astype(int).T
        for part, rows in parts
    ])  # fmt: skip
    pads = attributes.get("pads", [0] * 4)
    assert isinstance(pads, list)
    image = F.pad(torch.tensor(levels)[None].double(), (pads[1], pads[3], pads[0], pads[2]))
    expected = F.conv2d(
        image, torch.tensor(weights).double(), None, attributes.get("strides", 1), 0,
        attributes.get("dilations", 1), groups,
    )  # fmt: skip
    assert np.array_equal(own, expected[0].flatten(1).numpy())


def test_the_portable_recipe_has_nothing_to_report() -> None:
    for channels in (1, 3, 4):
        found = audit(quantize(crafted(channels), bright(channels)), bright(channels))
        assert found.layers == ()
        assert "every CPU computes the same" in str(found)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_sums_that_passed_are_counted_layer_by_layer(sign: float) -> None:
    frames = bright(3)
    graph = quantize(crafted(3, sign=sign), frames, Choice(weight_bits=8))
    first = audit(graph, frames).layers[0]
    weights = next(v for n, v in constants_of(graph.graph).items() if n.startswith("w1_quantized"))
    (node,) = (n for n in graph.graph.node if n.name == "conv1")
    rows = np.concatenate([patches(f.transpose(2, 0, 1), node, 0) for f in frames]).astype(int)
    columns = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1).astype(int)
    rows, columns = (np.pad(matrix, ((0, 0), (0, 1))) for matrix in (rows, columns))
    sums = sum(
        rows[:, None, i::2] * columns[None, :, i::2] for i in (0, 1)
    )  # (positions, outputs, pairs)
    assert isinstance(sums, np.ndarray)
    outside = sums[(sums > 32767) | (sums < -32768)]
    assert (first.layer, first.reached, first.sums) == ("conv1", outside.size, sums.size)
    assert first.reached > 0
    assert abs(first.worst) == np.abs(outside).max()
    assert np.sign(first.worst) == sign


@pytest.mark.skipif(not haswell(), reason=NO_QEMU)
def test_on_an_avx2_cpu_the_default_recipe_is_wrong_where_the_audit_says_and_7_bits_are_right(
    tmp_path: Path,
) -> None:
    graphs = {}
    for channels in (1, 3, 4):
        frames = bright(channels)
        for bits in (7, 8):
            graph = quantize(crafted(channels), frames, Choice(weight_bits=bits))
            assert bool(audit(graph, frames).layers) == (bits == 8)
            graphs[f"{channels}-{bits}"] = (graph, to_image(frames))
    other, here = run_on(haswell(), graphs, tmp_path), run_on(HERE, graphs, tmp_path)
    for name in graphs:
        if name.endswith("7"):
            assert np.array_equal(other[name], here[name]), name
        else:  # right on this CPU only if it has VNNI
            exact = np.abs(here[name.replace("-8", "-7")])
            assert np.abs(other[name] - here[name.replace("-8", "-7")]).max() > 0.05 * exact.max()


@pytest.mark.skipif(not haswell(), reason=NO_QEMU)
def test_an_avx2_cpu_sums_up_what_the_emulation_in_numpy_does(tmp_path: Path) -> None:
    graphs, expected = {}, {}
    for shape, (channels, attributes) in SHAPES.items():
        levels, weights = levels_and_weights(channels, attributes)
        graph = one_layer(weights, attributes)
        graphs[shape.replace(" ", "-")] = (graph, levels[None].astype(np.float32))
        (node,) = (n for n in graph.graph.node if n.op_type == "Conv")
        sums = emulated(node, levels, weights)
        exact = patches(levels[: weights.shape[1]], node, 0).astype(int)
        exact_sums = exact @ weights.transpose(0, 2, 3, 1).reshape(8, -1).T.astype(int)
        assert not np.array_equal(exact_sums[:, :4].T, sums[:4])  # or the test could not fail
        expected[shape.replace(" ", "-")] = 1000 * np.rint(sums / 1000).clip(-128, 127)
    found = run_on(haswell(), graphs, tmp_path)
    for name, sums in expected.items():
        assert np.array_equal(found[name][0].reshape(8, -1), sums), name
