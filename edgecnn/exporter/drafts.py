"""The graphs of every form, and each as a file that has no accuracy on its card yet."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import onnx
import torch
from torch import nn

from edgecnn.exporter.candidate import Candidate, Reference
from edgecnn.exporter.contract import stamp, wrap_fp32, wrap_int8
from edgecnn.exporter.cost import count_macs
from edgecnn.exporter.graph_network import GraphNetwork
from edgecnn.exporter.quantize import CHOICE, quantize
from edgecnn.frame import Frame
from edgecnn.runner.golden import Golden
from edgecnn.spec import ModelCard
from edgecnn.trainer.dataset import Pictures
from edgecnn.trainer.progress import Progress
from edgecnn.trainer.run_folder import package_versions
from edgecnn.trainer.score import logits_of

CALIBRATION_FRAMES, CALIBRATION_SEED = 512, 0


@dataclass(frozen=True, eq=False)
class Graphs:
    """What a candidate becomes."""

    forms: dict[str, onnx.ModelProto]
    """The wrapped graph of each form."""
    macs: dict[str, int]
    """Multiply-adds of each node."""
    candidate: Candidate
    """What the fp32 form computes: as it came, or fine-tuned."""


def build_graphs(candidate: Candidate, watch: Callable[[str], None]) -> Graphs:
    """Quantize and, where the recipe says so, fine-tune a candidate.

    Raises:
        CheckFailed: The loss of the fine-tuning is not a number.
    """
    watch("quantizing")
    quantized = quantize(candidate.core, _calibration_frames(candidate.data.train))
    if candidate.qat_epochs:
        candidate, quantized = _fine_tuned(candidate, quantized, watch)
    spec = candidate.spec
    forms = {"fp32": wrap_fp32(candidate.core, spec), "int8": wrap_int8(quantized, spec)}
    return Graphs(forms, count_macs(candidate.core), candidate)


def reference_of(network: nn.Module) -> Reference:
    """Return a torch network as a reference."""

    def logits(pictures: Pictures) -> np.ndarray:
        rows: np.ndarray = logits_of(network, pictures, torch.device("cpu")).numpy()
        return rows

    return logits


def _fine_tuned(
    candidate: Candidate, quantized: onnx.ModelProto, watch: Callable[[str], None]
) -> tuple[Candidate, onnx.ModelProto]:
    epochs = candidate.qat_epochs

    def tell(state: Progress) -> None:
        if state.step == state.steps:
            watch(f"fine-tuning int8, epoch {state.epoch}/{epochs}: loss {state.loss:.4f}")

    watch(f"fine-tuning int8, {epochs} epochs")
    assert candidate.fine_tune is not None
    tuned = candidate.fine_tune(candidate.core, quantized, epochs, tell)
    reference = reference_of(GraphNetwork(tuned.core, tuned.core))
    return replace(candidate, core=tuned.core, reference=reference), tuned.quantized


def stamp_drafts(graphs: Graphs, name: str) -> dict[str, bytes]:
    """Return each form as a file without accuracy and golden frames."""
    drafts = {}
    for form, graph in graphs.forms.items():
        card = _card(graphs, name, form)
        drafts[form] = stamp(graph, graphs.candidate.spec, card, Golden())
    return drafts


def _calibration_frames(train: Pictures) -> Frame:
    count = min(CALIBRATION_FRAMES, len(train))
    chosen = np.random.default_rng(CALIBRATION_SEED).choice(len(train), count, replace=False)
    frames = train.take(np.sort(chosen)).frames
    assert isinstance(frames, np.ndarray)
    return frames


def _card(graphs: Graphs, name: str, form: str) -> ModelCard:
    facts = graphs.candidate.facts
    return ModelCard(
        name=name,
        form=form,
        dataset=facts.dataset,
        dataset_digest=facts.dataset_digest,
        recipe=facts.recipe,
        quantization=_choice(graphs.candidate) if form == "int8" else "none",
        accuracy=(),
        parameters=facts.parameters,
        macs=graphs.macs,
        versions=package_versions(),
    )


def _choice(candidate: Candidate) -> str:
    epochs = candidate.qat_epochs
    return f"{CHOICE}; fine-tuned in int8, epochs: {epochs}" if epochs else CHOICE
