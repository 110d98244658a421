"""What is to be shipped: a plain graph with all that its files need, whoever made it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.exporter.quantization.qat import FineTuned
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.progress import OnProgress

Reference = Callable[[Pictures], npt.NDArray[np.float32]]
"""What the graph must keep: fitted pictures -> (n, K) logits."""
FineTune = Callable[[onnx.ModelProto, onnx.ModelProto, int, OnProgress], FineTuned]
"""Trains a plain and its quantized graph for so many epochs."""


@dataclass(frozen=True)
class Facts:
    """What the card says of a model, whatever its form."""

    dataset: str
    dataset_digest: str
    recipe: str
    """How it was made, as JSON."""
    parameters: int


@dataclass(frozen=True, eq=False)
class ExportSource:
    """A graph that wants to be shipped, and what it is judged by."""

    core: onnx.ModelProto
    """The plain graph: `image` float (N, C, H, W) in 0..1 -> `logits` (N, K)."""
    spec: ModelSpec
    data: Dataset
    """Training pictures calibrate, validation judges, test is read once, at the end."""
    reference: Reference
    """The network that the graph was made from."""
    facts: Facts
    origin: str = "torch"
    """What the reference is called on the card and in the report."""
    fine_tune: FineTune | None = None
    """None: there is no network that could learn."""
    qat_epochs: int = 0
    """Epochs of fine-tuning in int8 that the recipe plans."""
