"""`ship`: a source becomes model files, if the gate lets them pass."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgecnn.atomic import write_atomic
from edgecnn.bench.clock import Clock
from edgecnn.check_result import CANNOT_TELL, FAIL, PASS
from edgecnn.data.dataset import Pictures
from edgecnn.errors import CheckFailed, OptionError
from edgecnn.exporter.export_source import ExportSource
from edgecnn.exporter.exported_form import ExportedForm
from edgecnn.exporter.gate.gate import Verdict
from edgecnn.exporter.gate.gate_report import render_gate
from edgecnn.exporter.gate.judge_forms import JudgedForms, build_and_judge
from edgecnn.exporter.options import Options
from edgecnn.exporter.quantization.calibration_frames import chosen, split_training
from edgecnn.exporter.quantization.int8_report import Int8Report
from edgecnn.exporter.quantization.layer_errors import layers_table
from edgecnn.exporter.rejection import load_ood, measure_known
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.exporter.verify.verify import check_computation
from edgecnn.inference.first_opening import remember
from edgecnn.inference.machine import Machine, describe_machine
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import ModelFile, parse_model
from edgecnn.model.spec import Accuracy, Rejection
from edgecnn.records import Record
from edgecnn.trainer.metrics import measure_accuracy

CHECKED = 256
"""Validation pictures whose labels are compared with and without fused layers."""
REPORT, PAGE, LAYERS = "gate.json", "export.html", "layers.csv"


@dataclass(frozen=True)
class GateReport(Record):
    """`gate.json`: the verdicts, what they rest on, and where they were found."""

    gates: tuple[Verdict, ...]
    """Of each form but fp32."""
    export_agreement: float
    """Share of validation pictures on which fp32 says what it was made from says."""
    int8: Int8Report | None
    """None where no int8 form was asked for."""
    options: Options
    digests: dict[str, str]
    """Digest of each file that was written; none after FAIL."""
    pictures: dict[str, str]
    """Which pictures decided what."""
    seconds: float
    machine: Machine


@dataclass(frozen=True)
class ExportReport(Record):
    """What was exported."""

    files: dict[Form, str]
    """Path of each form."""
    reports: dict[str, str]
    """Path of each file beside them."""
    sizes_kib: dict[Form, float]
    accuracy: tuple[Accuracy, ...]
    """Of each form, on the test part."""
    gates: tuple[Verdict, ...]
    """Of each form but fp32, on the validation part."""
    export_agreement: float
    rejection: dict[Form, Rejection]
    """What each form that was written calls known."""


def ship(
    source: ExportSource,
    folder: Path,
    name: str,
    options: Options,
    on_progress: Callable[[str], None],
    clock: Clock,
) -> ExportReport:
    """Quantize a source, judge it, write its files.

    Args:
        source: What is to be shipped.
        folder: For the model files, `gate.json`, `export.html` and `layers.csv`.
        name: The model's name.
        options: What is written, and what the gate demands.
        on_progress: Called with the name of each stage.
        clock: What the forms are timed with.

    Raises:
        OptionError: The name is no file's name, or the data set of `ood` has the model's classes.
        NotFound, DataError: A data set is not there or cannot be used.
        CheckFailed: The gate refuses a form; no model file was written.
    """
    start = time.perf_counter()
    check_name(name)
    ood, machine = load_ood(source.spec, options.ood), describe_machine()
    judged = build_and_judge(source, name, options, machine, on_progress, clock)
    refused = _refused(judged.gates, options)
    models = [] if refused else _write_models(folder, name, judged, options, ood, on_progress)
    report = GateReport(
        gates=judged.gates,
        export_agreement=judged.export_agreement,
        int8=judged.int8,
        options=options,
        digests={model.path.name: model.digest for model in models},
        pictures=_pictures_used(judged.source),
        seconds=round(time.perf_counter() - start, 2),
        machine=machine,
    )
    reports = _write_reports(folder, name, report)
    if refused:
        raise _failure(refused, source)
    return _told(judged, models, reports)


def _write_models(
    folder: Path,
    name: str,
    judged: JudgedForms,
    options: Options,
    ood: dict[str, Frame],
    on_progress: Callable[[str], None],
) -> list[ModelFile]:
    """Measure the forms that are wanted on test pictures, and write them."""
    on_progress("measuring on test pictures")
    forms = (winner(judged.gates),) if not options.forms else options.forms
    exported_forms = _measured(judged, forms, options, ood)
    on_progress("checking the files as `verify` does")
    for exported in exported_forms:
        _check_computation(exported, judged.source.data.validation)
    paths = [
        write_atomic(folder / f"{name}{exported.form.suffix}", exported.data)
        for exported in exported_forms
    ]
    written = [parse_model(d.data, path) for d, path in zip(exported_forms, paths, strict=True)]
    remember(*(model.digest for model in written))
    return written


def _check_computation(exported: ExportedForm, validation: Pictures) -> None:
    """Refuse a file that computes something else elsewhere; raises CheckFailed."""
    file = parse_model(exported.data, Path(f"model{exported.form.suffix}"))
    frames = np.asarray(validation.take(chosen(len(validation), CHECKED)).frames)
    failed = [c for c in check_computation(ModelUnderTest(file), frames) if c.result == FAIL]
    if failed:
        reasons = "; ".join(f"{check.name}: {check.reason}" for check in failed)
        raise CheckFailed(
            f"the {exported.form} file does not compute the same everywhere: {reasons}",
            remedy="update onnxruntime and onnx; or write another form with --precision",
        )


def _told(judged: JudgedForms, models: list[ModelFile], reports: dict[str, str]) -> ExportReport:
    return ExportReport(
        files={model.card.form: str(model.path) for model in models},
        reports=reports,
        sizes_kib={model.card.form: round(model.size_kib, 1) for model in models},
        accuracy=models[0].card.accuracy,
        gates=judged.gates,
        export_agreement=judged.export_agreement,
        rejection={model.card.form: model.card.rejection[0] for model in models},
    )


def check_name(name: str) -> None:
    """Raise OptionError unless the name can be a file's name."""
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise OptionError(
            f"{name!r} cannot be a model's name",
            remedy="give --name one of letters, digits, dots and dashes",
        )


def _refused(gates: tuple[Verdict, ...], options: Options) -> list[Verdict]:
    """Return the verdicts that forbid to write; `auto` always has fp32 to fall back on."""
    if options.force or not options.forms:
        return []
    forbidden = (FAIL, CANNOT_TELL) if options.strict else (FAIL,)
    return [gate for gate in gates if gate.verdict in forbidden]


def _failure(refused: list[Verdict], source: ExportSource) -> CheckFailed:
    text = "; ".join(f"{gate.verdict}: {gate.reason}" for gate in refused)
    train = "train longer, " if source.fine_tune is not None else ""
    return CheckFailed(
        f"the gate says {text}",
        remedy=f"{train}allow more with --max-drop, write it all the same with --force, or "
        f"take --precision auto; figures are in {REPORT} and {PAGE}",
    )


def winner(gates: tuple[Verdict, ...]) -> Form:
    """Return the form that `auto` writes: the fastest that passed, else fp32."""
    passed = [gate for gate in gates if gate.verdict == PASS]
    return min(passed, key=lambda gate: gate.cost.ratio.median).form if passed else Form.FP32


def _measured(
    judged: JudgedForms, forms: tuple[Form, ...], options: Options, ood: dict[str, Frame]
) -> list[ExportedForm]:
    """Return forms with their test accuracy, verdict and what they know on the card."""
    source, test = judged.source, judged.source.data.test
    answers = {source.origin: source.reference(test).argmax(1)}
    answers |= {form: exported.answers(test) for form, exported in judged.exported_forms.items()}
    accuracy = tuple(
        measure_accuracy(form, "test", int((found == test.labels).sum()), len(test))
        for form, found in answers.items()
    )
    facts = {gate.form: gate.fact for gate in judged.gates}
    exported_forms = []
    for form in (form for form in judged.exported_forms if form in forms):
        exported = judged.exported_forms[form]
        known = measure_known(exported.logits, source.data, ood, source.spec)
        rejection = Rejection(judged.temperature, options.keep, known)
        card = replace(
            exported.card, accuracy=accuracy, gate=facts.get(form, ""), rejection=(rejection,)
        )
        exported_forms.append(replace(exported, card=card))
    return exported_forms


def _pictures_used(source: ExportSource) -> dict[str, str]:
    """Return which pictures decided what: what chooses never judges."""
    data = source.data
    learned, selecting = split_training(data.train)
    validation = f"{len(data.validation):,} validation pictures"
    return {
        "int8 calibration, fine-tuning": f"{len(learned):,} training pictures",
        "choice of the int8 graph": f"{len(selecting):,} other training pictures",
        "verdict on accuracy": validation,
        "temperature, threshold, golden frames": validation,
        "accuracy on the card": f"{len(data.test):,} test pictures, which decided nothing",
    }


def _write_reports(folder: Path, name: str, report: GateReport) -> dict[str, str]:
    """Write what the verdicts rest on; return the paths."""
    page = render_gate(name, report.gates, report.int8, report.pictures, report.machine)
    texts = {REPORT: report.to_json(indent=1), PAGE: page}
    if report.int8:
        texts[LAYERS] = layers_table(report.int8.layers).to_csv()
    return {file: str(write_atomic(folder / file, text)) for file, text in texts.items()}
