"""Quantization-aware fine-tuning: a network learns in the int8 graph that will be its file.

The exported graph itself is trained: its nodes run in torch, each QuantizeLinear and
DequantizeLinear as fake quantization with the graph's own scales, whose rounding
lets gradients through. So what learns is what ships, and nothing has to be kept in step by hand.

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
    """The quantized graph with them; the scales of its activations are the old ones."""
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
    """Train the quantized graph by the recipe's `qat` numbers.

    Args:
        core: The plain graph.
        quantized: The same graph from `quantize`.
        data: Its training part is learned.
        spec: The model's.
        recipe: Of the run; its batch, augmentation and teacher are used here too.
        on_progress: Called after each step.

    Raises:
        CheckFailed: The loss is not a number.
    """
    # The norms are folded in, so SGD's rate no longer fits the weights; Adam's steps do not depend
    # on their scale.
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
    """Return the quantized graph with other weights, and the scales of its activations kept."""
    known, levels = constants_of(quantized.graph), weight_levels(quantized)
    new = dict(weights)  # layers that stay float have theirs by the plain graph's names
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
    shape = (-1, *(1 for _ in values.shape[1:]))
    levels = np.round(values.astype(np.float64) / scale.reshape(shape))
    clipped: np.ndarray = levels.clip(-most, most)
    return clipped
