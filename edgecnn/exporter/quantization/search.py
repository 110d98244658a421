"""Choose the int8 graph: the best of four calibrations, then layers in float or fine-tuning.

Graphs are compared on selection pictures: training pictures that neither calibrated nor
fine-tuned. The graph that gives fp32's label most often wins; of equals, the one whose
probabilities are nearest to fp32's. Validation pictures choose nothing here, so that the gate
judges on pictures that are new to the graph.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization.calibrate import TensorsData
from scipy.special import log_softmax

from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.exported_form import exported_form_of, reference_of
from edgecnn.exporter.gate.gate import GateLimits, PairedLabels
from edgecnn.exporter.quantization.calibration_frames import (
    calibration_frames,
    debugged_frames,
    split_training,
)
from edgecnn.exporter.quantization.found_int8 import FoundInt8, Step
from edgecnn.exporter.quantization.graph_network import GraphNetwork
from edgecnn.exporter.quantization.layer_errors import layer_errors
from edgecnn.exporter.quantization.mixed_precision import worst_layers
from edgecnn.exporter.quantization.quantize import (
    Calibration,
    Choice,
    Method,
    calibrate,
    prepare,
)
from edgecnn.exporter.quantization.ties import quantize_without_ties
from edgecnn.model.form import Form
from edgecnn.trainer.progress import Progress

CALIBRATIONS = (
    Calibration(),
    Calibration(frames=128),
    Calibration(Method.PERCENTILE, 128),
    Calibration(Method.ENTROPY, 128),
)
"""In the order in which ties are broken."""
LADDER_EPOCHS = 2
"""Of fine-tuning, where the recipe plans none."""


def find_int8(
    source: ExportSource, weight_bits: int, limits: GateLimits, on_progress: Callable[[str], None]
) -> FoundInt8:
    """Choose how a source is quantized.

    Args:
        source: What is to be quantized.
        weight_bits: 7 or 8.
        limits: Float layers and fine-tuning are tried while the selection pictures lose more.
        on_progress: Called with the name of each stage.

    Raises:
        CheckFailed: The loss of the fine-tuning is not a number.
    """
    search = _Search(source, weight_bits, on_progress)
    search.choose_calibration()
    if source.qat_epochs:
        search.tune_as_planned()
    for step in search.ladder():
        if _enough(search.best, limits):
            break
        step()
    return search.found()


def _enough(best: "_Graph", limits: GateLimits) -> bool:
    labels = best.labels
    return labels.drop.points <= limits.max_drop and labels.agreement >= limits.min_agreement


@dataclass(frozen=True, eq=False)
class _Graph:
    """An int8 graph, and how near it comes to fp32 on the selection pictures."""

    choice: Choice
    plain: onnx.ModelProto
    quantized: onnx.ModelProto
    labels: PairedLabels
    divergence: float

    def is_better(self, other: "_Graph") -> bool:
        """Tell whether it agrees more often with fp32, or as often and diverges less."""
        own, others = self.labels.agreement, other.labels.agreement
        return (own, -self.divergence) > (others, -other.divergence)


class _Search:
    """The graphs that were tried so far, and the best of them."""

    best: _Graph

    def __init__(
        self, source: ExportSource, weight_bits: int, on_progress: Callable[[str], None]
    ) -> None:
        self.source, self.on_progress = source, on_progress
        self.steps: list[Step] = []
        self._bits = weight_bits
        self._calibrating, self._selecting = split_training(source.data.train)
        self._fp32 = self._logits(Form.FP32, source.core)
        self._ranges: dict[Calibration, TensorsData] = {}

    def found(self) -> FoundInt8:
        best = self.best
        return FoundInt8(
            self.source, best.plain, best.quantized, best.choice, best.labels, tuple(self.steps)
        )

    def choose_calibration(self) -> None:
        """Try all calibrations and keep the best; of equals, the first."""
        tried = []
        for calibration in CALIBRATIONS:
            self.on_progress(f"quantizing: {calibration}, {calibration.frames} frames")
            choice = Choice(self._bits, calibration=calibration)
            tried.append(self._compared(choice, self.source.core, self._quantized(choice)))
        self.best = tried[0]
        for graph in tried[1:]:
            if graph.is_better(self.best):
                self.best = graph
        for graph in tried:
            what = f"{graph.choice.calibration}, {graph.choice.calibration.frames} frames"
            self._note(what, graph, tried[0], kept=graph is self.best)

    def tune_as_planned(self) -> None:
        """Fine-tune by the recipe: both forms get the new weights."""
        before, epochs = self.best, self.source.qat_epochs
        plain, quantized = self._tuned(epochs)
        network = GraphNetwork(plain, plain)
        self.source = replace(self.source, core=plain, reference=reference_of(network))
        self._fp32 = self._logits(Form.FP32, plain)
        self.best = self._compared(replace(before.choice, epochs=epochs), plain, quantized)
        self._note(f"fine-tuned in int8, {epochs} epochs", self.best, before, kept=True)

    def ladder(self) -> Iterator[Callable[[], None]]:
        """Yield what to try while int8 loses too much: layers in float, then fine-tuning."""
        if self.source.qat_epochs:  # its weights were learned for these scales
            return
        plain = prepare(self.best.plain)
        errors = layer_errors(plain, self.best.quantized, debugged_frames(self._selecting))
        groups = worst_layers(plain, errors)
        for count in range(1, len(groups) // 4 + 2):  # with more, fp32 itself is faster
            names = dict.fromkeys(name for group in groups[:count] for name in group)
            yield partial(self._try_floats, tuple(names), count)
        if self.source.fine_tune is not None:
            yield self._try_tuning

    def _try_floats(self, names: tuple[str, ...], count: int) -> None:
        self.on_progress(f"quantizing: the {count} worst layers in float")
        choice, plain = replace(self.best.choice, floats=names), self.source.core
        graph = self._compared(choice, plain, self._quantized(choice))
        self._try(f"{', '.join(names)} in float", graph)

    def _try_tuning(self) -> None:
        plain, quantized = self._tuned(LADDER_EPOCHS)
        choice = replace(self.best.choice, epochs=LADDER_EPOCHS)
        graph = self._compared(choice, plain, quantized)
        self._try(f"fine-tuned in int8, {LADDER_EPOCHS} epochs", graph)

    def _try(self, what: str, graph: _Graph) -> None:
        """Keep a graph if it is better than the best one."""
        is_better = graph.is_better(self.best)
        self._note(what, graph, self.best, kept=is_better)
        if is_better:
            self.best = graph

    def _note(self, what: str, graph: _Graph, before: _Graph, *, kept: bool) -> None:
        labels = graph.labels
        bought = 100 * (labels.agreement - before.labels.agreement)
        drop, divergence = labels.drop, graph.divergence
        self.steps.append(
            Step(what, labels.agreement, divergence, drop.points, drop.pictures, bought, kept)
        )

    def _quantized(self, choice: Choice) -> onnx.ModelProto:
        core = self.source.core
        frames = calibration_frames(self._calibrating, choice.calibration.frames)
        if choice.calibration not in self._ranges:
            ranges = calibrate(prepare(core), frames, choice.calibration.method)
            self._ranges[choice.calibration] = ranges
        return quantize_without_ties(core, frames, choice, self._ranges[choice.calibration])

    def _tuned(self, epochs: int) -> tuple[onnx.ModelProto, onnx.ModelProto]:
        def report(state: Progress) -> None:
            if state.step == state.steps:
                self.on_progress(
                    f"fine-tuning int8, epoch {state.epoch}/{epochs}: loss {state.loss:.4f}"
                )

        self.on_progress(f"fine-tuning int8, {epochs} epochs")
        assert self.source.fine_tune is not None
        tuned = self.source.fine_tune(self.best.plain, self.best.quantized, epochs, report)
        return tuned.core, tuned.quantized

    def _compared(
        self, choice: Choice, plain: onnx.ModelProto, quantized: onnx.ModelProto
    ) -> _Graph:
        """Compare an int8 graph with fp32 on the selection pictures."""
        own, truth = self._logits(Form.INT8, quantized), self._selecting.labels
        labels = PairedLabels(truth, self._fp32.argmax(1), own.argmax(1))
        return _Graph(choice, plain, quantized, labels, mean_divergence(self._fp32, own))

    def _logits(self, form: Form, core: onnx.ModelProto) -> npt.NDArray[np.float32]:
        exported = exported_form_of(self.source, "selection", form, core)
        return exported.logits(np.asarray(self._selecting.frames))


def mean_divergence(reference: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    """Return the mean Kullback-Leibler divergence of softmax(other) from softmax(reference).

    Args:
        reference: (n, K) logits.
        other: (n, K) logits of the same pictures.
    """
    p, q = (log_softmax(rows.astype(np.float64), axis=1) for rows in (reference, other))
    return float((np.exp(p) * (p - q)).sum(1).mean())
