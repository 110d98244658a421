"""Making the forms of a candidate, and having each judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import onnx

from edgecnn.bench.clock import Clock
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.exported_form import ExportedForm, exported_form_of
from edgecnn.exporter.gate.efficiency import time_forms
from edgecnn.exporter.gate.gate import Answers, Cost, Verdict, check_export, judge
from edgecnn.exporter.golden import choose_golden, tolerance_of
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
    """The forms of a candidate, and what the gate says of them."""

    candidate: ExportSource
    """As it came or fine-tuned as its recipe plans, and calibrated."""
    drafts: dict[Form, ExportedForm]
    gates: tuple[Verdict, ...]
    """Of each form but fp32."""
    int8: tuple[Int8Report, ...]
    """One, or none."""
    export_agreement: float
    """Share of validation pictures on which fp32 says what it was made from says."""
    temperature: float = 1.0
    """What the candidate's logits were divided by."""


def build_and_judge(
    candidate: ExportSource,
    name: str,
    options: Options,
    machine: Machine,
    watch: Callable[[str], None],
    clock: Clock,
) -> JudgedForms:
    """Make the forms that were asked for, and judge each but fp32.

    Raises:
        CheckFailed: The fp32 file does not say what the candidate's reference says.
    """
    wanted = options.forms or tuple(Form)
    cores: dict[Form, onnx.ModelProto] = {}
    report = []
    how = "none"
    if Form.INT8 in wanted:
        bits = weight_bits(options.target, machine)
        found = find_int8(candidate, bits, options.limits, watch)
        candidate, cores[Form.INT8], how = found.candidate, found.quantized, str(found.choice)
        watch("measuring every layer")
        report.append(describe_int8(found))
    if Form.FP16 in wanted:
        cores[Form.FP16] = to_fp16(candidate.core)
    cores[Form.FP32] = candidate.core
    made = calibrated(candidate, cores, options.keep)
    candidate, cores = made.candidate, made.cores
    drafts = {
        form: with_golden(
            exported_form_of(
                candidate, name, form, cores[form], how if form is Form.INT8 else "none"
            ),
            candidate,
        )
        for form in Form
        if form in cores
    }
    watch(f"comparing {candidate.origin}, {', '.join(drafts)} on validation pictures")
    judged = _judged(candidate, drafts, tuple(report), options, clock)
    return replace(judged, temperature=made.temperature)


def _judged(
    candidate: ExportSource,
    drafts: dict[Form, ExportedForm],
    report: tuple[Int8Report, ...],
    options: Options,
    clock: Clock,
) -> JudgedForms:
    pictures = candidate.data.validation
    fp32 = drafts[Form.FP32]
    said = fp32.answers(pictures)
    agreement = check_export(candidate.origin, candidate.reference(pictures).argmax(1), said)
    frames = list(pictures.take(chosen(len(pictures), TIMED)).frames)
    gates = []
    for form, draft in drafts.items():
        if form is Form.FP32:
            continue
        ratio = time_forms(fp32.opened, draft.opened, frames, clock)
        answers = Answers(pictures.labels, said, draft.answers(pictures))
        gates.append(judge(form, answers, Cost(ratio, draft.kib, fp32.kib), options.limits))
    return JudgedForms(candidate, drafts, tuple(gates), report, agreement)


def with_golden(draft: ExportedForm, candidate: ExportSource) -> ExportedForm:
    """Return a draft with golden frames from the candidate's validation pictures."""
    with draft.opened() as classifier:
        golden = choose_golden(
            classifier, candidate.data.validation, tolerance_of(draft.form, draft.graph)
        )
    return replace(draft, golden=golden)
