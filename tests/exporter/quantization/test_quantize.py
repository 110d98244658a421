"""Static quantization: integer operators, weights per channel, logits in float."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from edgecnn.exporter.graph.contract import wrap_int8
from edgecnn.exporter.graph.editing import constants_of, copied, makers_of
from edgecnn.exporter.graph.operator_counts import optimized_graph
from edgecnn.exporter.graph.plain_graph import number_tensors
from edgecnn.exporter.quantization.quantize import (
    Calibration,
    Choice,
    Frames,
    Method,
    calibrate,
    prepare,
    quantize,
    to_image,
)
from exporter.quantization.trained import Trained

INTEGER = {"QLinearConv", "QLinearAdd", "QLinearAveragePool", "QLinearGlobalAveragePool", "QGemm",
           "MaxPool", "NhwcMaxPool", "Transpose", "Reshape", "Flatten", "Softmax"}  # fmt: skip


def test_every_operator_of_the_int8_graph_is_integer(trained: Trained) -> None:
    nodes = optimized_graph(
        wrap_int8(trained.quantized, trained.spec).SerializeToString()
    ).graph.node
    assert {node.op_type for node in nodes} <= INTEGER


def test_numbered_tensors_give_the_same_bits_in_a_smaller_file(trained: Trained) -> None:
    numbered = number_tensors(copied(trained.quantized))
    assert np.array_equal(trained.runtimes(numbered), trained.runtimes(trained.quantized))
    assert numbered.ByteSize() < trained.quantized.ByteSize()
    kept = [n.name for n in trained.quantized.graph.node if not n.op_type.endswith("Linear")]
    assert [n.name for n in numbered.graph.node if not n.op_type.endswith("Linear")] == kept
    assert all(kept)
    for own, other in zip(
        numbered.graph.initializer, trained.quantized.graph.initializer, strict=True
    ):
        assert np.array_equal(numpy_helper.to_array(own), numpy_helper.to_array(other))


def test_int8_weights_use_7_bits(int8: Path) -> None:
    graph = onnx.load(int8).graph
    weights = [
        numpy_helper.to_array(t) for t in graph.initializer if t.data_type == TensorProto.INT8
    ]
    matrices = [weight for weight in weights if weight.ndim >= 2]
    assert len(matrices) == 5
    assert max(int(np.abs(weight.astype(int)).max()) for weight in matrices) <= 64


def test_int8_weights_are_scaled_per_output_channel(int8: Path) -> None:
    graph = onnx.load(int8).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    makers = makers_of(graph)
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    scales = [shapes[makers[node.input[1]].input[1]] for node in convolutions]
    assert scales == [(32,), (64,), (64,)]


def test_frames_become_images_between_0_and_1_one_at_a_time() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 2), np.uint8)
    images = to_image(frames)
    assert images.shape == (3, 2, 4, 5)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, frames.transpose(0, 3, 1, 2) / 255, rtol=1e-6)
    reader = Frames(frames)
    for image in images:
        batch = reader.get_next()
        assert batch is not None
        assert np.array_equal(batch["image"][0], image)
    assert reader.get_next() is None


@pytest.mark.parametrize("method", Method)
def test_every_method_finds_a_range_for_every_activation(article: Trained, method: Method) -> None:
    frames = np.asarray(article.data.train.frames[:40])
    prepared = prepare(article.core)
    ranges = calibrate(prepared, frames, method)
    assert {node.output[0] for node in prepared.graph.node if node.op_type == "Conv"} <= set(
        ranges.keys()
    )


def test_chosen_layers_stay_float(article: Trained) -> None:
    frames = np.asarray(article.data.train.frames[:20])
    first = next(node for node in article.core.graph.node if node.op_type == "Conv")
    graph = quantize(article.core, frames, Choice(floats=(first.name,))).graph
    assert constants_of(graph)[first.input[1]].dtype == np.float32


def test_a_choice_says_what_the_card_says() -> None:
    assert str(Choice()) == (
        "static QDQ, U8S8, per channel, 7-bit weights so that no CPU saturates, "
        "MinMax calibration; logits and softmax stay float"
    )
    text = str(Choice(8, Calibration(Method.ENTROPY), ("conv1",), epochs=2))
    for words in ("8-bit weights, for CPUs that do not saturate", "Entropy calibration",
                  "conv1 stay float", "epochs: 2"):  # fmt: skip
        assert words in text
