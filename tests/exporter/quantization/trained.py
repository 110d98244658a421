"""Small trained networks and their graphs, for tests that compare torch with ONNX Runtime."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from edgecnn.data.dataset import Dataset
from edgecnn.exporter.graph.editing import constants_of
from edgecnn.exporter.graph.plain_graph import IMAGE, LOGITS, export_core
from edgecnn.exporter.quantization.qat import FineTuned, finetune
from edgecnn.exporter.quantization.quantize import quantize
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.networks import Architecture, to_input
from edgecnn.trainer.progress import ignore
from edgecnn.trainer.recipe import Qat, Recipe
from edgecnn.trainer.train import train_on

ARCHITECTURES = {
    "article": Architecture(widths=(4, 6, 8), dense=8),
    "resnet8": Architecture("resnet8"),
    "edge": Architecture("edge", widths=(6, 8), depths=(1, 1), stride=2, expansion=0.5),
}


class Trained:
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

    def fine_tuned(self, quantized: onnx.ModelProto) -> FineTuned:
        """Return a quantized graph of this network after fine-tuning by its recipe."""
        return finetune(self.core, quantized, self.data, self.spec, self.recipe, ignore)

    def weights(self) -> dict[str, np.ndarray]:
        return {n: v for n, v in constants_of(self.core.graph).items() if v.dtype == np.float32}
