"""Looking for the int8 graph: the calibration that agrees best, then a ladder if need be.

Chosen on validation pictures alone, by label agreement with fp32; the first calibration stays,
unless another is better beyond chance. The gate then looks at the same
pictures: of a handful of graphs that differ little the best one is judged a little too well, which
the test pictures, read afterwards, do not repeat.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization.calibrate import TensorsData
from scipy.stats import binomtest

from edgecnn.data.dataset import Pictures
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.exported_form import exported_form_of, reference_of
from edgecnn.exporter.gate.gate import GateLimits, PairedLabels
from edgecnn.exporter.quantization.calibration_frames import (
    calibration_frames,
    chosen,
    debugged_frames,
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
    quantize,
)
from edgecnn.model.form import Form
from edgecnn.trainer.progress import Progress

CALIBRATIONS = (
    Calibration(),
    Calibration(frames=128),
    Calibration(Method.PERCENTILE, 128),
    Calibration(Method.ENTROPY, 128),
)
"""In the order in which ties are broken."""
COMPARED = 2000
"""Validation pictures on which calibrations are compared."""
CHANCE = 0.05
"""Share of cases in which another calibration may win by luck."""
LADDER_EPOCHS = 2
"""Of fine-tuning, where the recipe plans none."""


def find_int8(
    source: ExportSource, weight_bits: int, limits: GateLimits, on_progress: Callable[[str], None]
) -> FoundInt8:
    """Choose how a source is quantized.

    Args:
        source: What is to be quantized.
        weight_bits: 7 or 8.
        limits: Where the ladder ends: a drop within them.
        on_progress: Called with the name of each stage.

    Raises:
        CheckFailed: The loss of the fine-tuning is not a number.
    """
    search = _Search(source, weight_bits, on_progress)
    search.choose_calibration()
    if source.qat_epochs:
        search.tune_as_planned()
    for step in search.ladder():
        if _enough(search.answers, limits):
            break
        step()
    return search.found()


def _enough(answers: PairedLabels, limits: GateLimits) -> bool:
    return answers.drop.points <= limits.max_drop and answers.agreement >= limits.min_agreement


class _Search:
    """What is known so far."""

    def __init__(
        self, source: ExportSource, weight_bits: int, on_progress: Callable[[str], None]
    ) -> None:
        self.source, self.on_progress = source, on_progress
        self.plain = source.core
        self.choice = Choice(weight_bits)
        self.quantized = source.core
        self.fp32 = self._answers(Form.FP32, source.core, source.data.validation)
        self.own = self.fp32
        self.steps: list[Step] = []
        self._ranges: dict[Calibration, TensorsData] = {}

    @property
    def answers(self) -> PairedLabels:
        return PairedLabels(self.source.data.validation.labels, self.fp32, self.own)

    def found(self) -> FoundInt8:
        return FoundInt8(
            self.source, self.plain, self.quantized, self.choice, self.answers,
            tuple(self.steps),
        )  # fmt: skip

    def choose_calibration(self) -> None:
        """Try the calibrations on some of the pictures; keep the one that agrees best."""
        validation = self.source.data.validation
        some = chosen(len(validation), COMPARED)
        pictures, fp32 = validation.take(some), self.fp32[some]
        tried: list[tuple[Choice, onnx.ModelProto, PairedLabels]] = []
        for calibration in CALIBRATIONS:
            self.on_progress(f"quantizing: {calibration}, {calibration.frames} frames")
            choice = replace(self.choice, calibration=calibration)
            graph = self._quantized(choice)
            own = self._answers(Form.INT8, graph, pictures)
            tried.append((choice, graph, PairedLabels(pictures.labels, fp32, own)))
            if tried[-1][-1].agreement == 1.0:  # nothing can agree better
                break
        better = [row for row in tried if agrees_better(row[-1], tried[0][-1])]
        best = max(better or tried[:1], key=lambda row: row[-1].agreement)
        for row in tried:
            self._note(f"{row[0].calibration}, {row[0].calibration.frames} frames", row[-1],
                       tried[0][-1], kept=row is best)  # fmt: skip
        self.choice, self.quantized = best[:2]
        self.own = self._answers(Form.INT8, self.quantized, validation)

    def tune_as_planned(self) -> None:
        """Fine-tune by the recipe: both forms get the new weights."""
        before = self.answers
        tuned = self._tuned(self.source.qat_epochs)
        self.plain, self.quantized = tuned
        network = GraphNetwork(self.plain, self.plain)
        self.source = replace(self.source, core=self.plain, reference=reference_of(network))
        self.choice = replace(self.choice, epochs=self.source.qat_epochs)
        validation = self.source.data.validation
        self.fp32 = self._answers(Form.FP32, self.plain, validation)
        self.own = self._answers(Form.INT8, self.quantized, validation)
        self._note(f"fine-tuned in int8, {self.choice.epochs} epochs", self.answers, before,
                   kept=True)  # fmt: skip

    def ladder(self) -> Iterator[Callable[[], None]]:
        """Yield what to try while int8 loses too much: layers in float, then fine-tuning."""
        validation, plain = self.source.data.validation, prepare(self.plain)
        frames = debugged_frames(validation)
        groups = worst_layers(plain, layer_errors(plain, self.quantized, frames))
        if not self.source.qat_epochs:  # else its weights were learned for these scales
            for count in range(1, len(groups) // 4 + 2):  # with more, fp32 itself is faster
                names = dict.fromkeys(name for group in groups[:count] for name in group)
                yield partial(self._try_floats, tuple(names))
        if self.source.fine_tune is not None and not self.source.qat_epochs:
            yield self._try_tuning

    def _try_floats(self, names: tuple[str, ...]) -> None:
        self.on_progress(f"quantizing: {', '.join(names)} in float")
        choice = replace(self.choice, floats=names)
        self._try(f"{', '.join(names)} in float", choice, self.plain, self._quantized(choice))

    def _try_tuning(self) -> None:
        plain, quantized = self._tuned(LADDER_EPOCHS)
        choice = replace(self.choice, epochs=LADDER_EPOCHS)
        self._try(f"fine-tuned in int8, {LADDER_EPOCHS} epochs", choice, plain, quantized)

    def _try(
        self, what: str, choice: Choice, plain: onnx.ModelProto, quantized: onnx.ModelProto
    ) -> None:
        """Look at all validation pictures, and keep what agrees better."""
        before = self.answers
        validation = self.source.data.validation
        own = self._answers(Form.INT8, quantized, validation)
        after = PairedLabels(validation.labels, self.fp32, own)
        better = after.agreement > before.agreement
        self._note(what, after, before, kept=better)
        if better:
            self.choice, self.plain, self.quantized, self.own = choice, plain, quantized, own

    def _note(self, what: str, after: PairedLabels, before: PairedLabels, *, kept: bool) -> None:
        bought = 100 * (after.agreement - before.agreement)
        drop = after.drop
        self.steps.append(Step(what, after.agreement, drop.points, drop.pictures, bought, kept))

    def _quantized(self, choice: Choice) -> onnx.ModelProto:
        frames = calibration_frames(self.source.data.train, choice.calibration.frames)
        if choice.calibration not in self._ranges:
            ranges = calibrate(prepare(self.plain), frames, choice.calibration.method)
            self._ranges[choice.calibration] = ranges
        return quantize(self.plain, frames, choice, self._ranges[choice.calibration])

    def _tuned(self, epochs: int) -> tuple[onnx.ModelProto, onnx.ModelProto]:
        def tell(state: Progress) -> None:
            if state.step == state.steps:
                self.on_progress(
                    f"fine-tuning int8, epoch {state.epoch}/{epochs}: loss {state.loss:.4f}"
                )

        self.on_progress(f"fine-tuning int8, {epochs} epochs")
        assert self.source.fine_tune is not None
        tuned = self.source.fine_tune(self.plain, self.quantized, epochs, tell)
        return tuned.core, tuned.quantized

    def _answers(
        self, form: Form, core: onnx.ModelProto, pictures: Pictures
    ) -> npt.NDArray[np.int64]:
        return exported_form_of(self.source, "exported", form, core).answers(pictures)


def agrees_better(own: PairedLabels, first: PairedLabels) -> bool:
    """Tell whether a graph agrees with fp32 more often than the first: the exact McNemar test."""
    now, was = own.own == own.fp32, first.own == first.fp32
    won, lost = int((now & ~was).sum()), int((was & ~now).sum())
    return won > lost and float(binomtest(won, won + lost, alternative="greater").pvalue) < CHANCE
