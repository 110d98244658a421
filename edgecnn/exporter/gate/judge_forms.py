"""Making the forms of a source, and having each judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import onnx

from edgecnn.bench.clock import Clock
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.exported_form import ExportedForm, exported_form_of
from edgecnn.exporter.gate.efficiency import time_forms
from edgecnn.exporter.gate.gate import Cost, PairedLabels, Verdict, check_export, judge
from edgecnn.exporter.golden import MEASURED, choose_golden, tolerance_of
from edgecnn.exporter.graph.fp16 import to_fp16
from edgecnn.exporter.options import Options
from edgecnn.exporter.quantization.calibration_frames import chosen
from edgecnn.exporter.quantization.int8_report import Int8Report, describe_int8
from edgecnn.exporter.quantization.search import find_int8
from edgecnn.exporter.quantization.targets import weight_bits
from edgecnn.exporter.rejection import calibrated
from edgecnn.inference.machine import Machine
from edgecnn.model.form import Form

TIMED = 16
"""Validation pictures that the forms are timed on."""


@dataclass(frozen=True, eq=False)
class JudgedForms:
    """The forms of a source, and what the gate says of them."""

    source: ExportSource
    """As it came or fine-tuned as its recipe plans, and calibrated."""
    exported_forms: dict[Form, ExportedForm]
    gates: tuple[Verdict, ...]
    """Of each form but fp32."""
    int8: Int8Report | None
    """None where no int8 form was asked for."""
    export_agreement: float
    """Share of validation pictures on which fp32 says what it was made from says."""
    temperature: float = 1.0
    """What the source's logits were divided by."""


def build_and_judge(
    source: ExportSource,
    name: str,
    options: Options,
    machine: Machine,
    on_progress: Callable[[str], None],
    clock: Clock,
) -> JudgedForms:
    """Make the forms that were asked for, and judge each but fp32.

    Raises:
        CheckFailed: The fp32 file does not say what the source's reference says.
    """
    wanted = options.forms or tuple(Form)
    cores: dict[Form, onnx.ModelProto] = {}
    report = None
    how = "none"
    if Form.INT8 in wanted:
        bits = weight_bits(options.target, machine)
        found = find_int8(source, bits, options.limits, on_progress)
        source, cores[Form.INT8], how = found.source, found.quantized, str(found.choice)
        on_progress("measuring every layer")
        report = describe_int8(found)
    if Form.FP16 in wanted:
        cores[Form.FP16] = to_fp16(source.core)
    cores[Form.FP32] = source.core
    made = calibrated(source, cores, options.keep)
    source, cores = made.source, made.cores
    exported_forms = {
        form: with_golden(
            exported_form_of(source, name, form, cores[form], how if form is Form.INT8 else "none"),
            source,
        )
        for form in Form
        if form in cores
    }
    on_progress(f"comparing {source.origin}, {', '.join(exported_forms)} on validation pictures")
    judged = _judged(source, exported_forms, report, options, clock)
    return replace(judged, temperature=made.temperature)


def _judged(
    source: ExportSource,
    exported_forms: dict[Form, ExportedForm],
    report: Int8Report | None,
    options: Options,
    clock: Clock,
) -> JudgedForms:
    pictures = source.data.validation
    fp32 = exported_forms[Form.FP32]
    said = fp32.answers(pictures)
    agreement = check_export(source.origin, source.reference(pictures).argmax(1), said)
    frames = list(pictures.take(chosen(len(pictures), TIMED)).frames)
    gates = []
    for form, exported in exported_forms.items():
        if form is Form.FP32:
            continue
        times = time_forms(fp32.opened, exported.opened, frames, clock)
        cost = Cost(times.whole, times.inference, times.fit_ms, exported.kib, fp32.kib)
        answers = PairedLabels(pictures.labels, said, exported.answers(pictures))
        gates.append(judge(form, answers, cost, options.limits))
    return JudgedForms(source, exported_forms, tuple(gates), report, agreement)


def with_golden(exported: ExportedForm, source: ExportSource) -> ExportedForm:
    """Return a exported with golden frames from the source's validation pictures."""
    with exported.opened() as classifier:
        validation = source.data.validation
        some = np.asarray(validation.take(chosen(len(validation), MEASURED)).frames)
        tolerance = tolerance_of(exported.form, exported.graph, some)
        golden = choose_golden(classifier, validation, tolerance)
    return replace(exported, golden=golden)
