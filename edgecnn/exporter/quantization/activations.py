"""The inner tensors of a graph on a few frames, collected by ONNX Runtime's loss debugger."""

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization.qdq_loss_debug import (
    collect_activations,
    modify_model_output_intermediate_tensors,
)

from edgecnn.exporter.graph.plain_graph import IMAGE
from edgecnn.exporter.quantization.quantize import to_image
from edgecnn.model.frame import Frame

MOST_LEVEL = 255
"""The largest level of an unsigned 8-bit activation."""

Activations = dict[str, list[npt.NDArray[np.float32]]]
"""Values of each tensor by name: a list of one flat array, frame after frame."""


def activations_of(graph: onnx.ModelProto, frames: Frame) -> Activations:
    """Return every float tensor of a plain or quantized graph on (n, H, W, C) uint8 frames."""
    with tempfile.TemporaryDirectory() as folder:
        plain, augmented = Path(folder) / "plain.onnx", Path(folder) / "augmented.onnx"
        onnx.save(graph, plain)
        modify_model_output_intermediate_tensors(plain, augmented)
        found: Activations = collect_activations(str(augmented), [{IMAGE: to_image(frames)}])
    return found
