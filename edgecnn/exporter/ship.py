"""`ship`: a candidate becomes model files, if the gate lets it pass."""

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edgecnn.errors import CheckFailed, OptionError
from edgecnn.exporter.candidate import Candidate
from edgecnn.exporter.contract import stamp
from edgecnn.exporter.drafts import Graphs, build_graphs, stamp_drafts
from edgecnn.exporter.gate import FAIL, GateReport, Limits, Verdict, judge
from edgecnn.exporter.golden import INT8_STEPS, choose_golden
from edgecnn.exporter.last_layer import int8_step
from edgecnn.files import write_atomic
from edgecnn.records import Record
from edgecnn.runner.classify import Classifier
from edgecnn.runner.machine import describe_machine
from edgecnn.runner.model_file import parse_model
from edgecnn.spec import Accuracy
from edgecnn.trainer.dataset import Pictures
from edgecnn.trainer.evaluate import answers_of
from edgecnn.trainer.metrics import measure_accuracy

FP32_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Options(Record):
    """What is written, and what the gate allows."""

    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class ExportReport(Record):
    """What was exported."""

    files: dict[str, str]
    """Path of each form."""
    sizes_kib: dict[str, float]
    accuracy: tuple[Accuracy, ...]
    """Of each form, on the test part."""
    gate: Verdict


def ship(
    candidate: Candidate,
    folder: Path,
    name: str,
    options: Options,
    watch: Callable[[str], None],
) -> ExportReport:
    """Quantize a candidate, judge it, write its files.

    Args:
        candidate: What is to be shipped.
        folder: For the model files and `gate.json`.
        name: The model's name.
        options: What is written, and what the gate allows.
        watch: Called with the name of each stage.

    Raises:
        OptionError: The name cannot be a file's name.
        CheckFailed: The gate says FAIL; no model file was written.
    """
    start = time.perf_counter()
    check_name(name)
    graphs = build_graphs(candidate, watch)
    drafts = stamp_drafts(graphs, name)
    watch(f"comparing {candidate.origin}, fp32 and int8 on validation pictures")
    verdict = _gate(graphs.candidate, drafts, options.limits)
    if verdict.verdict == FAIL:
        write_atomic(folder / "gate.json", _report(verdict, {}, start))
        raise CheckFailed(
            f"the gate says FAIL: {verdict.reason}",
            remedy="train longer, or allow more with --max-drop; figures are in gate.json",
        )
    watch("measuring on test pictures")
    files = _finish(graphs, drafts)
    return _write(folder, name, files, verdict, start)


def check_name(name: str) -> None:
    """Raise OptionError unless the name can be a file's name."""
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise OptionError(
            f"{name!r} cannot be a model's name", remedy="use letters, digits, dots and dashes"
        )


def _gate(candidate: Candidate, drafts: dict[str, bytes], limits: Limits) -> Verdict:
    pictures = candidate.data.validation
    reference = candidate.reference(pictures).argmax(1)
    answers = {form: _answers(draft, pictures) for form, draft in drafts.items()}
    return judge(pictures.labels, reference, answers["fp32"], answers["int8"], limits)


def _finish(graphs: Graphs, drafts: dict[str, bytes]) -> dict[str, bytes]:
    """Return each form with its measured accuracy on the card and its golden frames."""
    candidate = graphs.candidate
    test = candidate.data.test
    answers = {candidate.origin: candidate.reference(test).argmax(1)}
    answers |= {form: _answers(draft, test) for form, draft in drafts.items()}
    accuracy = tuple(
        measure_accuracy(form, "test", int((found == test.labels).sum()), len(test))
        for form, found in answers.items()
    )
    tolerances = {"fp32": FP32_TOLERANCE, "int8": INT8_STEPS * int8_step(graphs.forms["int8"])}
    files = {}
    for form, draft in drafts.items():
        card = replace(parse_model(draft, Path(form)).card, accuracy=accuracy)
        with _opened(draft) as classifier:
            golden = choose_golden(classifier, candidate.data.validation, tolerances[form])
        files[form] = stamp(graphs.forms[form], candidate.spec, card, golden)
    return files


def _answers(draft: bytes, pictures: Pictures) -> np.ndarray:
    with _opened(draft) as classifier:
        return answers_of(classifier, pictures)


def _opened(draft: bytes) -> Classifier:
    """Open a draft with the runner itself: what is measured is what devices will run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.onnx"
        path.write_bytes(draft)
        return Classifier(path)


def _report(verdict: Verdict, digests: dict[str, str], start: float) -> str:
    seconds = round(time.perf_counter() - start, 2)
    return GateReport(verdict, digests, seconds, describe_machine()).to_json(indent=1)


def _write(
    folder: Path, name: str, files: dict[str, bytes], verdict: Verdict, start: float
) -> ExportReport:
    paths = {form: folder / f"{name}.{form}.onnx" for form in files}
    models = {form: parse_model(data, paths[form]) for form, data in files.items()}
    for form, path in paths.items():
        write_atomic(path, files[form])
    digests = {paths[form].name: model.digest for form, model in models.items()}
    write_atomic(folder / "gate.json", _report(verdict, digests, start))
    return ExportReport(
        files={form: str(path) for form, path in paths.items()},
        sizes_kib={form: round(model.size_kib, 1) for form, model in models.items()},
        accuracy=models["int8"].card.accuracy,
        gate=verdict,
    )
