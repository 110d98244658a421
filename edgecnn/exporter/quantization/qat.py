"""Quantization-aware fine-tuning: the int8 graph that will be the file is trained in torch.

Each node of the exported graph runs in torch; QuantizeLinear and DequantizeLinear run as fake
quantization with the graph's own scales, and pass gradients straight through their rounding. There
is no second description of the network that could differ from the file.

Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", section 3.
"""

from dataclasses import dataclass, replace

import numpy as np
import onnx
import torch

from edgecnn.data.dataset import Dataset
from edgecnn.exporter.graph.editing import constants_of, makers_of, with_constants
from edgecnn.exporter.graph.plain_graph import finish
from edgecnn.exporter.quantization.graph_network import (
    QUANTIZED,
    GraphNetwork,
    weight_levels,
    weight_scale,
)
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.distill import make_teacher
from edgecnn.trainer.progress import OnProgress
from edgecnn.trainer.recipe import Optimizer, Precision, Recipe, Schedule, Transfer
from edgecnn.trainer.train_network import train_network


@dataclass(frozen=True)
class FineTuned:
    """A network after quantization-aware fine-tuning."""

    core: onnx.ModelProto
    """The plain graph with the new weights."""
    quantized: onnx.ModelProto
    """The quantized graph with the new weights; the scales of its activations are unchanged."""
    network: GraphNetwork
    """The quantized graph in torch."""


def finetune(
    core: onnx.ModelProto,
    quantized: onnx.ModelProto,
    data: Dataset,
    spec: ModelSpec,
    recipe: Recipe,
    on_progress: OnProgress,
) -> FineTuned:
    """Train the quantized graph for the epochs and learning rate in the recipe's `qat`.

    Args:
        core: The plain graph.
        quantized: `core` after `quantize`.
        data: Its training part is used.
        spec: The model's spec.
        recipe: The run's recipe; its batch, augmentation and teacher are used here too.
        on_progress: Called after each step.

    Raises:
        CheckFailed: The loss is not a number.
    """
    # Batch norms are folded into the weights, so the run's SGD rate no longer fits their scale;
    # the size of Adam's steps does not depend on it.
    numbers = replace(
        recipe,
        optimizer=Optimizer.ADAM,
        weight_decay=0.0,
        epochs=recipe.qat.epochs,
        learning_rate=recipe.qat.learning_rate,
        schedule=Schedule.COSINE,
        precision=Precision.FP32,
        average=0.0,
        patience=0,
        transfer=Transfer(),
    )
    network, device = GraphNetwork(core, quantized), torch.device("cpu")
    train_network(
        network, data, numbers, device, on_progress, teacher=make_teacher(recipe, spec, device)
    )
    weights = {name: w.detach().contiguous().numpy() for name, w in network.learned().items()}
    return FineTuned(with_weights(core, weights), requantize(quantized, weights), network)


def with_weights(core: onnx.ModelProto, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Return the plain graph with other weights."""
    return finish(with_constants(core, weights))


def requantize(quantized: onnx.ModelProto, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Return the quantized graph with other weights; the scales of its activations stay.

    Args:
        quantized: The result of `quantize`.
        weights: Float weights and biases by their names in the plain graph.
    """
    known, levels = constants_of(quantized.graph), weight_levels(quantized)
    new = dict(weights)  # layers that stay float keep the plain graph's names
    makers = makers_of(quantized.graph)
    for node in quantized.graph.node:
        if node.op_type not in ("Conv", "Gemm") or node.input[1] not in makers:
            continue
        source, *learned = (makers[name].input for name in node.input if name)
        name = learned[0][0].removesuffix(QUANTIZED)
        scale = weight_scale(torch.tensor(weights[name]), levels).numpy()
        new[learned[0][1]] = scale
        new[learned[0][0]] = _rounded(weights[name], scale, levels).astype(np.int8)
        for bias in learned[1:]:
            new[bias[1]] = scale * known[source[1]]
            floats = weights[bias[0].removesuffix(QUANTIZED)]
            new[bias[0]] = _rounded(floats, new[bias[1]], 2**31 - 1).astype(np.int32)
    return finish(with_constants(quantized, new))


def _rounded(values: np.ndarray, scale: np.ndarray, most: int) -> np.ndarray:
    """Return (outputs, ...) values as whole steps of their (outputs,) scales, -most to most."""
    shape = (-1, *(1 for _ in values.shape[1:]))
    levels = np.round(values.astype(np.float64) / scale.reshape(shape))
    clipped: np.ndarray = levels.clip(-most, most)
    return clipped
