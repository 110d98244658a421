"""Fine-tuning in the int8 graph: what learns is what ships."""

from pathlib import Path

import numpy as np
import onnx
from clocks import set_clock

from edgecnn.exporter.export import export
from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.quantization.graph_network import GraphNetwork, weight_levels
from edgecnn.exporter.quantization.qat import requantize
from edgecnn.exporter.quantization.quantize import Choice, quantize
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from edgecnn.trainer.networks import Architecture
from edgecnn.trainer.recipe import Qat, Recipe
from edgecnn.trainer.train import train
from exporter.quantization.trained import Trained


def test_unchanged_weights_give_the_quantizers_own_constants_to_the_last_bit(
    trained: Trained,
) -> None:
    again = requantize(trained.quantized, trained.weights())
    assert list(again.graph.node) == list(trained.quantized.graph.node)
    own, quantizers = constants_of(again.graph), constants_of(trained.quantized.graph)
    assert list(own) == list(quantizers)
    for name, values in quantizers.items():
        assert (own[name].dtype, own[name].shape) == (values.dtype, values.shape), name
        assert own[name].tobytes() == values.tobytes(), name
    twice = requantize(again, trained.weights())
    assert twice.SerializeToString(deterministic=True) == again.SerializeToString(
        deterministic=True
    )


def test_it_is_so_for_8_bits_and_with_layers_in_float(
    article: Trained,
) -> None:
    """Nothing but the graph says how many levels its weights have and which layers are integer."""
    frames = np.asarray(article.data.train.frames[:50])
    for choice in (Choice(weight_bits=8), Choice(floats=("conv2", "maxpool1", "relu1", "conv1"))):
        # With 8 bits the fused integer kernels saturate on CPUs without VNNI.
        fused = choice.weight_bits < 8
        quantized = quantize(article.core, frames, choice)
        again = constants_of(requantize(quantized, article.weights()).graph)
        for constant, values in constants_of(quantized.graph).items():
            assert again[constant].tobytes() == values.tobytes(), constant
        own = article.answers(GraphNetwork(article.core, quantized))
        assert (own.argmax(1) == article.runtimes(quantized, fused=fused).argmax(1)).mean() >= 0.98
        tuned = article.fine_tuned(quantized)
        assert weight_levels(tuned.quantized) == (127 if choice.weight_bits == 8 else 64)
        after = article.answers(tuned.network).argmax(1)
        assert (after == article.runtimes(tuned.quantized, fused=fused).argmax(1)).mean() >= 0.98


def test_fine_tuning_moves_weights_keeps_scales_and_ships_what_it_learned(trained: Trained) -> None:
    tuned = trained.fine_tuned(trained.quantized)
    before, after = trained.weights(), constants_of(tuned.core.graph)
    assert all(not np.array_equal(values, after[name]) for name, values in before.items())
    assert activation_scales(tuned.quantized) == activation_scales(trained.quantized)
    own, runtimes = trained.answers(tuned.network), trained.runtimes(tuned.quantized)
    assert (own.argmax(1) == runtimes.argmax(1)).mean() >= 0.99


def activation_scales(model: onnx.ModelProto) -> list[tuple[float, int]]:
    known = constants_of(model.graph)
    nodes = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    return [(known[n.input[1]].item(), known[n.input[2]].item()) for n in nodes]


def test_a_recipe_with_qat_fine_tunes_at_export_and_the_card_says_so(tmp_path: Path) -> None:
    recipe = Recipe(data="digits", epochs=3, network=Architecture(widths=(8, 8, 8), dense=16),
                    qat=Qat(1, 1e-3))  # fmt: skip
    train(recipe, tmp_path / "run", device="cpu")
    stages: list[str] = []
    report = export(
        tmp_path / "run", tmp_path / "out", on_progress=stages.append, clock=set_clock(0.8)
    )
    cards = {form: read_model(path).card for form, path in report.files.items()}
    assert "fine-tuned in int8, epochs: 1" in cards[Form.INT8].quantization
    assert cards[Form.FP32].quantization == "none"
    assert any("fine-tuning int8, epoch 1/1" in stage for stage in stages)
