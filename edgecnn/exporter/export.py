"""`export`: from a run's folder to `NAME.fp32.onnx` and `NAME.int8.onnx`, each complete alone."""

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from edgecnn.errors import CheckFailed, DataError, OptionError
from edgecnn.exporter.contract import stamp
from edgecnn.exporter.drafts import build_graphs, stamp_drafts
from edgecnn.exporter.gate import FAIL, GateReport, Limits, Verdict, judge
from edgecnn.exporter.golden import INT8_STEPS, choose_golden, int8_step
from edgecnn.files import write_atomic
from edgecnn.records import Record
from edgecnn.runner.classify import Classifier
from edgecnn.runner.machine import describe_machine
from edgecnn.runner.model_file import parse_model
from edgecnn.spec import Accuracy
from edgecnn.trainer.dataset import Dataset, Pictures
from edgecnn.trainer.evaluate import answers_of
from edgecnn.trainer.metrics import measure_accuracy
from edgecnn.trainer.run_folder import Run, read_run
from edgecnn.trainer.score import choose_device, logits_of
from edgecnn.trainer.train import load_for

FORMS = ("fp32", "int8")
FP32_TOLERANCE = 1e-4


@dataclass(frozen=True)
class ExportReport(Record):
    """What was exported."""

    files: dict[str, str]
    """Path of each form."""
    sizes_kib: dict[str, float]
    accuracy: tuple[Accuracy, ...]
    """Of each form, on the test part."""
    gate: Verdict


def export(
    run: str | Path,
    out: str | Path,
    *,
    name: str = "",
    limits: Limits | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> ExportReport:
    """Export a run as fp32 and int8 model files, if they keep what the network learned.

    Args:
        run: A run's folder.
        out: Folder for the model files and `gate.json`.
        name: The model's name; by default `<network>-<data set>`.
        limits: What the gate allows.
        watch: Called with the name of each stage.

    Raises:
        NotFound, DataError: The run or its data set is not there or was changed.
        OptionError: The name cannot be a file's name.
        CheckFailed: The gate says FAIL; no model file was written.
    """
    start = time.perf_counter()
    source, folder = read_run(Path(run)), Path(out)
    name = name or f"{source.recipe.network.name}-{Path(source.recipe.data).name}"
    _check_name(name)
    watch("reading the data set")
    data = _load_same(source)
    graphs = build_graphs(source, data, watch)
    source = replace(source, network=graphs.network)
    drafts = stamp_drafts(graphs, source, name)
    watch("comparing torch, fp32 and int8 on validation pictures")
    verdict = _gate(source, data, drafts, limits or Limits())
    if verdict.verdict == FAIL:
        write_atomic(folder / "gate.json", _report(verdict, {}, start))
        raise CheckFailed(
            f"the gate says FAIL: {verdict.reason}",
            remedy="train longer, or allow more with --max-drop; figures are in gate.json",
        )
    watch("measuring on test pictures")
    files = _finish(source, data, graphs.forms, drafts)
    return _write(folder, name, files, verdict, start)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise OptionError(
            f"{name!r} cannot be a model's name", remedy="use letters, digits, dots and dashes"
        )


def _load_same(source: Run) -> Dataset:
    data, _ = load_for(source.recipe)
    if data.digest != source.report.dataset_digest:
        raise DataError(
            f"data set {source.recipe.data!r} is not the one the run was trained on: its digest is "
            f"{data.digest[:12]}, the run's {source.report.dataset_digest[:12]}",
            remedy="train again, or bring the old pictures back",
        )
    return data


def _gate(source: Run, data: Dataset, drafts: dict[str, bytes], limits: Limits) -> Verdict:
    device = choose_device("cpu")
    torch_answers = logits_of(source.network, data.validation, device).argmax(1).numpy()
    answers = {form: _answers(draft, data.validation) for form, draft in drafts.items()}
    return judge(data.validation.labels, torch_answers, answers["fp32"], answers["int8"], limits)


def _finish(
    source: Run, data: Dataset, graphs: dict[str, onnx.ModelProto], drafts: dict[str, bytes]
) -> dict[str, bytes]:
    """Return each form with its measured accuracy on the card and its golden frames."""
    total = len(data.test)
    hits = {form: _answers(drafts[form], data.test) == data.test.labels for form in FORMS}
    measured = (measure_accuracy(f, "test", int(hit.sum()), total) for f, hit in hits.items())
    accuracy = (source.report.test.accuracy, *measured)
    tolerances = {"fp32": FP32_TOLERANCE, "int8": INT8_STEPS * int8_step(graphs["int8"])}
    files = {}
    for form, draft in drafts.items():
        card = replace(parse_model(draft, Path(form)).card, accuracy=accuracy)
        with _opened(draft) as classifier:
            golden = choose_golden(classifier, data.validation, tolerances[form])
        files[form] = stamp(graphs[form], source.spec, card, golden)
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
