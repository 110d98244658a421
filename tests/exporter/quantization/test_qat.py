"""The graph as a torch network, and fine-tuning in it: what learns is what ships."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from clocks import set_clock
from onnx import numpy_helper
from torch import nn

from edgecnn.data.dataset import Dataset
from edgecnn.exporter.export import export
from edgecnn.exporter.graph.contract import wrap_int8
from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.graph.operator_counts import optimized_graph
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, export_core, number_tensors
from edgecnn.exporter.quantization.graph_network import GraphNetwork, weight_levels
from edgecnn.exporter.quantization.qat import finetune, requantize
from edgecnn.exporter.quantization.quantize import Choice, quantize
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, to_input
from edgecnn.trainer.progress import ignore
from edgecnn.trainer.recipe import Qat, Recipe
from edgecnn.trainer.train import train, train_on

ARCHITECTURES = {
    "article": Architecture(widths=(4, 6, 8), dense=8),
    "resnet8": Architecture("resnet8"),
    "edge": Architecture("edge", widths=(6, 8), depths=(1, 1), stride=2, expansion=0.5),
}
INTEGER = {"QLinearConv", "QLinearAdd", "QLinearAveragePool", "QLinearGlobalAveragePool", "QGemm",
           "MaxPool", "NhwcMaxPool", "Transpose", "Reshape", "Flatten", "Softmax"}  # fmt: skip


class Made:
    """A small trained network and its graphs."""

    def __init__(self, name: str, digits: tuple[Dataset, ModelSpec]) -> None:
        self.recipe = Recipe(data="digits", epochs=3, batch=16, learning_rate=3e-3,
                             network=ARCHITECTURES[name], qat=Qat(1, 1e-3))  # fmt: skip
        data, self.spec = digits
        few = data.train.take(np.arange(300))
        self.data = replace(data, train=few)
        _, self.network = train_on(self.data, self.spec, self.recipe, device="cpu")
        self.core = export_core(self.network, self.spec)
        self.quantized = quantize(self.core, np.asarray(few.frames[:50]))
        self.images = to_input(torch.tensor(np.asarray(data.validation.frames)))

    def answers(self, network: nn.Module) -> np.ndarray:
        with torch.no_grad():
            logits: np.ndarray = network(self.images).numpy()
        return logits

    def runtimes(self, graph: onnx.ModelProto, *, fused: bool = True) -> np.ndarray:
        """Return ONNX Runtime's logits; not fused, each operator of the graph runs as it stands."""
        options = onnxruntime.SessionOptions()
        if not fused:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        logits: np.ndarray = session.run([LOGITS], {IMAGE: self.images.numpy()})[0]
        return logits

    def weights(self) -> dict[str, np.ndarray]:
        return {n: v for n, v in constants_of(self.core.graph).items() if v.dtype == np.float32}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def made(request: pytest.FixtureRequest, digits: tuple[Dataset, ModelSpec]) -> Made:
    return Made(request.param, digits)


def test_every_operator_of_the_int8_graph_is_integer(made: Made) -> None:
    nodes = optimized_graph(wrap_int8(made.quantized, made.spec).SerializeToString()).graph.node
    assert {node.op_type for node in nodes} <= INTEGER


def test_the_plain_graph_in_torch_is_the_torch_network(made: Made) -> None:
    found = made.answers(GraphNetwork(made.core, made.core))
    np.testing.assert_allclose(found, made.answers(made.network.eval()), rtol=1e-3, atol=1e-4)


def test_the_quantized_graph_in_torch_is_what_onnx_runtime_computes(made: Made) -> None:
    own = made.answers(GraphNetwork(made.core, made.quantized))
    runtimes = made.runtimes(made.quantized)
    unit = 0.01 * runtimes.std()
    assert np.abs(own - runtimes).mean() < unit
    second, first = np.sort(runtimes, 1)[:, -2:].T
    clear = first - second > 5 * unit  # closer ones are ties that rounding decides
    agree = own.argmax(1) == runtimes.argmax(1)
    assert clear.mean() > 0.5
    assert agree[clear].mean() >= 0.99
    assert agree.mean() >= 0.98


def test_unchanged_weights_give_the_quantizers_own_constants_to_the_last_bit(made: Made) -> None:
    again = requantize(made.quantized, made.weights())
    assert list(again.graph.node) == list(made.quantized.graph.node)
    own, quantizers = constants_of(again.graph), constants_of(made.quantized.graph)
    assert list(own) == list(quantizers)
    for name, values in quantizers.items():
        assert (own[name].dtype, own[name].shape) == (values.dtype, values.shape), name
        assert own[name].tobytes() == values.tobytes(), name
    twice = requantize(again, made.weights())
    assert twice.SerializeToString(deterministic=True) == again.SerializeToString(
        deterministic=True
    )


def test_it_is_so_for_8_bits_and_with_layers_in_float(
    digits: tuple[Dataset, ModelSpec],
) -> None:
    """Nothing but the graph says how many levels its weights have and which layers are integer."""
    made = Made("article", digits)
    frames = np.asarray(made.data.train.frames[:50])
    for choice in (Choice(weight_bits=8), Choice(floats=("conv2", "maxpool1", "relu1", "conv1"))):
        # With 8 bits the fused integer kernels saturate on CPUs without VNNI.
        fused = choice.weight_bits < 8
        quantized = quantize(made.core, frames, choice)
        again = constants_of(requantize(quantized, made.weights()).graph)
        for constant, values in constants_of(quantized.graph).items():
            assert again[constant].tobytes() == values.tobytes(), constant
        own = made.answers(GraphNetwork(made.core, quantized))
        assert (own.argmax(1) == made.runtimes(quantized, fused=fused).argmax(1)).mean() >= 0.98
        tuned = finetune(made.core, quantized, made.data, made.spec, made.recipe, ignore)
        assert weight_levels(tuned.quantized) == (127 if choice.weight_bits == 8 else 64)
        after = made.answers(tuned.network).argmax(1)
        assert (after == made.runtimes(tuned.quantized, fused=fused).argmax(1)).mean() >= 0.98


def test_fine_tuning_moves_weights_keeps_scales_and_ships_what_it_learned(made: Made) -> None:
    tuned = finetune(made.core, made.quantized, made.data, made.spec, made.recipe, ignore)
    before, after = made.weights(), constants_of(tuned.core.graph)
    assert all(not np.array_equal(values, after[name]) for name, values in before.items())
    assert activation_scales(tuned.quantized) == activation_scales(made.quantized)
    own, runtimes = made.answers(tuned.network), made.runtimes(tuned.quantized)
    assert (own.argmax(1) == runtimes.argmax(1)).mean() >= 0.99


def activation_scales(model: onnx.ModelProto) -> list[tuple[float, int]]:
    known = constants_of(model.graph)
    nodes = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    return [(known[n.input[1]].item(), known[n.input[2]].item()) for n in nodes]


def test_numbered_tensors_give_the_same_bits_in_a_smaller_file(made: Made) -> None:
    numbered = onnx.ModelProto()
    numbered.CopyFrom(made.quantized)
    numbered = number_tensors(numbered)
    assert np.array_equal(made.runtimes(numbered), made.runtimes(made.quantized))
    assert numbered.ByteSize() < made.quantized.ByteSize()
    kept = [n.name for n in made.quantized.graph.node if not n.op_type.endswith("Linear")]
    assert [n.name for n in numbered.graph.node if not n.op_type.endswith("Linear")] == kept
    assert all(kept)
    for own, other in zip(
        numbered.graph.initializer, made.quantized.graph.initializer, strict=True
    ):
        assert np.array_equal(numpy_helper.to_array(own), numpy_helper.to_array(other))


def test_a_recipe_with_qat_fine_tunes_at_export_and_the_card_says_so(tmp_path: Path) -> None:
    recipe = Recipe(data="digits", epochs=3, network=Architecture(widths=(8, 8, 8), dense=16),
                    qat=Qat(1, 1e-3))  # fmt: skip
    train(recipe, tmp_path / "run", device="cpu")
    told: list[str] = []
    report = export(
        tmp_path / "run", tmp_path / "out", on_progress=told.append, clock=set_clock(0.8)
    )
    cards = {form: read_model(path).card for form, path in report.files.items()}
    assert "fine-tuned in int8, epochs: 1" in cards[Form.INT8].quantization
    assert cards[Form.FP32].quantization == "none"
    assert any("fine-tuning int8, epoch 1/1" in stage for stage in told)
