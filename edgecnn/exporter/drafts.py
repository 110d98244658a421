"""The graphs of every form, and each as a file that has no accuracy on its card yet."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from torch import nn

from edgecnn.exporter.contract import stamp, wrap_fp32, wrap_int8
from edgecnn.exporter.cost import count_macs
from edgecnn.exporter.graph import export_core
from edgecnn.exporter.graph_network import GraphNetwork
from edgecnn.exporter.qat import finetune
from edgecnn.exporter.quantize import CHOICE, quantize
from edgecnn.frame import Frame
from edgecnn.runner.golden import Golden
from edgecnn.spec import ModelCard
from edgecnn.trainer.dataset import Dataset, Pictures
from edgecnn.trainer.progress import Progress
from edgecnn.trainer.run_folder import Run, package_versions

CALIBRATION_FRAMES, CALIBRATION_SEED = 512, 0


@dataclass(frozen=True)
class Graphs:
    """What a run becomes."""

    forms: dict[str, onnx.ModelProto]
    """The wrapped graph of each form."""
    macs: dict[str, int]
    """Multiply-adds of each node."""
    network: nn.Module
    """What the fp32 form computes, in torch: the run's network, or the fine-tuned one."""


def build_graphs(source: Run, data: Dataset, watch: Callable[[str], None]) -> Graphs:
    """Convert, quantize and, where the recipe says so, fine-tune a run's network.

    Raises:
        CheckFailed: The loss of the fine-tuning is not a number.
    """
    watch("converting and quantizing")
    core, network = export_core(source.network, source.spec), source.network
    quantized = quantize(core, _calibration_frames(data.train))
    if source.recipe.qat.epochs:
        core, quantized = _fine_tuned(core, quantized, source, data, watch)
        network = GraphNetwork(core, core)
    forms = {"fp32": wrap_fp32(core, source.spec), "int8": wrap_int8(quantized, source.spec)}
    return Graphs(forms, count_macs(core), network)


def _fine_tuned(
    core: onnx.ModelProto,
    quantized: onnx.ModelProto,
    source: Run,
    data: Dataset,
    watch: Callable[[str], None],
) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    epochs = source.recipe.qat.epochs

    def tell(state: Progress) -> None:
        if state.step == state.steps:
            watch(f"fine-tuning int8, epoch {state.epoch}/{epochs}: loss {state.loss:.4f}")

    watch(f"fine-tuning int8, {epochs} epochs")
    tuned = finetune(core, quantized, data, source.spec, source.recipe, tell)
    return tuned.core, tuned.quantized


def stamp_drafts(graphs: Graphs, source: Run, name: str) -> dict[str, bytes]:
    """Return each form as a file without accuracy and golden frames."""
    drafts = {}
    for form, graph in graphs.forms.items():
        card = _card(source, name, form, graphs.macs)
        drafts[form] = stamp(graph, source.spec, card, Golden())
    return drafts


def _calibration_frames(train: Pictures) -> Frame:
    count = min(CALIBRATION_FRAMES, len(train))
    chosen = np.random.default_rng(CALIBRATION_SEED).choice(len(train), count, replace=False)
    frames = train.take(np.sort(chosen)).frames
    assert isinstance(frames, np.ndarray)
    return frames


def _card(source: Run, name: str, form: str, macs: dict[str, int]) -> ModelCard:
    return ModelCard(
        name=name,
        form=form,
        dataset=source.recipe.data,
        dataset_digest=source.report.dataset_digest,
        recipe=source.recipe.to_json(),
        quantization=_choice(source) if form == "int8" else "none",
        accuracy=(),
        parameters=source.report.parameters,
        macs=macs,
        versions=package_versions(),
    )


def _choice(source: Run) -> str:
    epochs = source.recipe.qat.epochs
    return f"{CHOICE}; fine-tuned in int8, epochs: {epochs}" if epochs else CHOICE
