"""`ship`: a candidate becomes model files, if the gate lets them pass."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgecnn.bench.clock import Clock
from edgecnn.errors import CheckFailed, OptionError
from edgecnn.exporter.candidate import Candidate
from edgecnn.exporter.drafts import Draft
from edgecnn.exporter.gate import CANNOT_TELL, FAIL, PASS, Verdict
from edgecnn.exporter.gate_page import render_gate
from edgecnn.exporter.int8_report import Int8Report
from edgecnn.exporter.judging import Judged, judge_candidate
from edgecnn.exporter.layers import layers_table
from edgecnn.exporter.options import AUTO, Options
from edgecnn.files import write_atomic
from edgecnn.records import Record
from edgecnn.runner.machine import Machine, describe_machine
from edgecnn.runner.model_file import parse_model
from edgecnn.spec import Accuracy
from edgecnn.trainer.metrics import measure_accuracy

REPORT, PAGE, LAYERS = "gate.json", "export.html", "layers.csv"


@dataclass(frozen=True)
class GateReport(Record):
    """`gate.json`: the verdicts, what they rest on, and where they were found."""

    gates: tuple[Verdict, ...]
    """Of each form but fp32."""
    export_agreement: float
    """Share of validation pictures on which fp32 says what it was made from says."""
    int8: tuple[Int8Report, ...]
    """One, or none."""
    options: Options
    digests: dict[str, str]
    """Digest of each file that was written; none after FAIL."""
    seconds: float
    machine: Machine


@dataclass(frozen=True)
class ExportReport(Record):
    """What was exported."""

    files: dict[str, str]
    """Path of each form."""
    reports: dict[str, str]
    """Path of each file beside them."""
    sizes_kib: dict[str, float]
    accuracy: tuple[Accuracy, ...]
    """Of each form, on the test part."""
    gates: tuple[Verdict, ...]
    """Of each form but fp32, on the validation part."""
    export_agreement: float


def ship(
    candidate: Candidate,
    folder: Path,
    name: str,
    options: Options,
    watch: Callable[[str], None],
    clock: Clock,
) -> ExportReport:
    """Quantize a candidate, judge it, write its files.

    Args:
        candidate: What is to be shipped.
        folder: For the model files, `gate.json`, `export.html` and `layers.csv`.
        name: The model's name.
        options: What is written, and what the gate demands.
        watch: Called with the name of each stage.
        clock: What the forms are timed with.

    Raises:
        OptionError: The name cannot be a file's name.
        CheckFailed: The gate refuses a form; no model file was written.
    """
    start = time.perf_counter()
    check_name(name)
    machine = describe_machine()
    judged = judge_candidate(candidate, name, options, machine, watch, clock)
    files: dict[str, bytes] = {}
    refused = _refused(judged.gates, options)
    if not refused:
        watch("measuring on test pictures")
        forms = (winner(judged.gates),) if AUTO in options.forms else options.forms
        files = {draft.form: draft.data for draft in _measured(judged, forms)}
    paths = {form: folder / f"{name}.{form}.onnx" for form in files}
    for form, path in paths.items():
        write_atomic(path, files[form])
    models = {form: parse_model(data, paths[form]) for form, data in files.items()}
    digests = {paths[form].name: model.digest for form, model in models.items()}
    seconds = round(time.perf_counter() - start, 2)
    report = GateReport(
        judged.gates, judged.export_agreement, judged.int8, options, digests, seconds, machine
    )
    reports = _write_reports(folder, name, report)
    if refused:
        raise _failure(refused)
    return ExportReport(
        files={form: str(path) for form, path in paths.items()},
        reports=reports,
        sizes_kib={form: round(model.size_kib, 1) for form, model in models.items()},
        accuracy=next(iter(models.values())).card.accuracy,
        gates=judged.gates,
        export_agreement=judged.export_agreement,
    )


def check_name(name: str) -> None:
    """Raise OptionError unless the name can be a file's name."""
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise OptionError(
            f"{name!r} cannot be a model's name", remedy="use letters, digits, dots and dashes"
        )


def _refused(gates: tuple[Verdict, ...], options: Options) -> list[Verdict]:
    """Return the verdicts that forbid to write; `auto` always has fp32 to fall back on."""
    if options.force or AUTO in options.forms:
        return []
    forbidden = (FAIL, CANNOT_TELL) if options.strict else (FAIL,)
    return [gate for gate in gates if gate.verdict in forbidden]


def _failure(refused: list[Verdict]) -> CheckFailed:
    text = "; ".join(f"{gate.verdict}: {gate.reason}" for gate in refused)
    return CheckFailed(
        f"the gate says {text}",
        remedy=f"train longer, allow more with --max-drop, write it all the same with --force, or "
        f"take --precision auto; figures are in {REPORT} and {PAGE}",
    )


def winner(gates: tuple[Verdict, ...]) -> str:
    """Return the form that `auto` writes: the fastest that passed, else fp32."""
    passed = [gate for gate in gates if gate.verdict == PASS]
    return min(passed, key=lambda gate: gate.cost.ratio.median).form if passed else "fp32"


def _measured(judged: Judged, forms: tuple[str, ...]) -> list[Draft]:
    """Return forms with their test accuracy and verdict on the card."""
    candidate, test = judged.candidate, judged.candidate.data.test
    answers = {candidate.origin: candidate.reference(test).argmax(1)}
    answers |= {form: draft.answers(test) for form, draft in judged.drafts.items()}
    accuracy = tuple(
        measure_accuracy(form, "test", int((found == test.labels).sum()), len(test))
        for form, found in answers.items()
    )
    facts = {gate.form: gate.fact for gate in judged.gates}
    return [
        replace(draft, card=replace(draft.card, accuracy=accuracy, gate=facts.get(form, "")))
        for form, draft in judged.drafts.items()
        if form in forms
    ]


def _write_reports(folder: Path, name: str, report: GateReport) -> dict[str, str]:
    """Write what the verdicts rest on; return the paths."""
    page = render_gate(name, report.gates, report.int8, report.machine)
    texts = {REPORT: report.to_json(indent=1), PAGE: page}
    if report.int8:
        texts[LAYERS] = layers_table(report.int8[0].layers).to_csv()
    return {file: str(write_atomic(folder / file, text)) for file, text in texts.items()}
