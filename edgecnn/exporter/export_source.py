"""What an export starts from: a plain graph, its data and its facts, trained here or adopted."""

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
"""The logits that an export is compared with: n fitted pictures -> (n, K)."""
FineTune = Callable[[onnx.ModelProto, onnx.ModelProto, int, OnProgress], FineTuned]
"""Fine-tunes in int8: (plain graph, quantized graph, epochs, on_progress) -> `FineTuned`."""


@dataclass(frozen=True)
class Facts:
    """Facts on the card that are the same for every form."""

    dataset: str
    """Name or folder of the data set; empty: none."""
    dataset_digest: str
    """SHA-256 over the fitted frames and their labels."""
    recipe: str
    """How the model was made, as JSON."""
    parameters: int


@dataclass(frozen=True, eq=False)
class ExportSource:
    """A plain graph to export, and what the gate judges its forms by."""

    core: onnx.ModelProto
    """The plain graph: `image` float (N, C, H, W) in 0..1 -> `logits` (N, K)."""
    spec: ModelSpec
    data: Dataset
    """Training pictures calibrate, validation pictures decide, test pictures are read last."""
    reference: Reference
    """The network that the graph was made from."""
    facts: Facts
    origin: str = "torch"
    """Name of the reference on the card and in the report."""
    fine_tune: FineTune | None = None
    """None: there is no trainable network, as for an adopted model."""
    qat_epochs: int = 0
    """Epochs of fine-tuning in int8 that the recipe plans."""
