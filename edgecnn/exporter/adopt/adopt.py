"""`adopt`: from an external ONNX image classifier to model files that agree with it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgecnn.atomic import write_atomic
from edgecnn.bench.clock import Clock
from edgecnn.data.catalog import load_as
from edgecnn.data.dataset import Dataset, Pictures, with_labels
from edgecnn.errors import CheckFailed, ModelError, NotFound
from edgecnn.exporter.adopt.adoption import Adoption, Agreement, compare
from edgecnn.exporter.adopt.alternatives import try_alternatives
from edgecnn.exporter.adopt.external_data import merge_external_data
from edgecnn.exporter.adopt.input_plan import UserOptions, plan_input
from edgecnn.exporter.adopt.labels_file import read_labels
from edgecnn.exporter.adopt.original import Original, read_original
from edgecnn.exporter.adopt.read_graph import probe_frames
from edgecnn.exporter.export_source import ExportSource, Facts
from edgecnn.exporter.exported_form import exported_form_of
from edgecnn.exporter.gate.gate import Verdict
from edgecnn.exporter.gate.judge_forms import with_golden
from edgecnn.exporter.graph.operator_counts import count_operators, float_islands
from edgecnn.exporter.options import Options
from edgecnn.exporter.quantization.calibration_frames import chosen
from edgecnn.exporter.ship import check_name, ship
from edgecnn.inference.first_opening import remember
from edgecnn.model import digest
from edgecnn.model.form import Form
from edgecnn.model.graph_check import outline_graph
from edgecnn.model.model_file import read_capped, read_model
from edgecnn.model.spec import Accuracy, Fit, ModelSpec
from edgecnn.records import Record

ORIGIN = "original"
COMPARED = 256
"""Validation pictures on which other inputs are tried, and the fp32 form is compared."""
PROBES = 16
"""Synthetic frames, where there are no pictures."""


@dataclass(frozen=True)
class AdoptReport(Record):
    """What was adopted, and the files that were written."""

    adoption: Adoption
    agreement: Agreement
    files: dict[Form, str]
    """Path of each form."""
    sizes_kib: dict[Form, float]
    accuracy: tuple[Accuracy, ...]
    """Of each form, on the test part; none without pictures."""
    gates: tuple[Verdict, ...]
    """Of each form but fp32; none without pictures."""
    islands: dict[str, int]
    """Operators that the int8 form computes in float, besides the softmax: how many of each."""


def adopt(
    model: str | Path,
    labels: str | Path,
    out: str | Path,
    *,
    user_options: UserOptions,
    fit: Fit | None = None,
    data: str = "",
    name: str = "",
    options: Options | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
    clock: Clock = time.perf_counter_ns,
) -> AdoptReport:
    """Wrap an ONNX image classifier in the contract.

    Args:
        model: An ONNX file: float or uint8 pictures in, classes out.
        labels: A text file, one class name a line, in the model's order.
        out: Folder for the model files.
        user_options: Facts about the input that its graph does not hold.
        fit: How frames are brought to size; by default center-crop, reported as a guess.
        data: A data set with classes of the model. Without one there is only the fp32 form, since
            the gate could not judge others.
        name: The model's name; by default the file's.
        options: What is written, and what the gate allows.
        on_progress: Called with the name of each stage.
        clock: Nanoseconds; the forms are timed with it.

    Raises:
        NotFound: A file or the data set is not there.
        ModelError: The model is refused.
        OptionError: The graph does not hold something that was not given either.
        CheckFailed: Pictures show that another input or order of the labels is right, the fp32
            form computes something else, or the gate says FAIL.
    """
    path, options = Path(model), options or Options()
    name = name or path.stem
    check_name(name)
    content, adopted = _read_external(path)
    names = read_labels(Path(labels))
    outline = outline_graph(content)
    plan = plan_input(outline, user_options, len(names))
    spec = ModelSpec(names, plan.height, plan.width, plan.channels, fit or Fit.CROP)
    on_progress("reading and simplifying the graph")
    original = read_original(content, plan)
    dataset = with_labels(load_as(data, spec), names) if data else _synthetic(spec)
    shown = dataset.validation.take(chosen(len(dataset.validation), COMPARED))
    tried = _try(original, spec, shown, on_progress, force=options.force) if data else ()
    adoption = Adoption(
        adopted=adopted,
        read=(*original.describe(outline), *tried),
        told=plan.told,
        guessed=() if fit else ("frames are center-cropped: --fit was not given",),
    )
    on_progress("comparing with the original")
    facts = Facts(data, dataset.digest if data else "", adoption.to_json(),
                  original.found.parameters)  # fmt: skip
    source = ExportSource(original.core, spec, dataset, original.logits, facts, ORIGIN)
    exported = exported_form_of(source, name, Form.FP32, source.core)
    kind = "validation pictures" if data else "synthetic frames"
    agreement = compare(original, exported, np.asarray(shown.frames), kind)
    if not data:
        path = Path(out) / f"{name}{Form.FP32.suffix}"
        write_atomic(path, with_golden(exported, source).data)
        remember(read_model(path).digest)
        return _report(adoption, agreement, {Form.FP32: str(path)}, (), ())
    shipped = ship(source, Path(out), name, options, on_progress, clock)
    return _report(adoption, agreement, shipped.files, shipped.accuracy, shipped.gates)


def _try(
    original: Original,
    spec: ModelSpec,
    pictures: Pictures,
    on_progress: Callable[[str], None],
    *,
    force: bool,
) -> tuple[str, ...]:
    """Return what was found about other inputs, one sentence or none.

    Raises:
        CheckFailed: Another input, or order of the labels, is better; not if `force` is set.
    """
    on_progress(f"trying other inputs on {len(pictures)} validation pictures")
    found = try_alternatives(original, spec, pictures)
    if found.remedy and not force:
        raise CheckFailed(found.words, remedy=f"{found.remedy}; or go on with --force")
    return (found.words,) if found.words else ()


def _read_external(path: Path) -> tuple[bytes, str]:
    """Return the bytes of an external model, weights inside, and the SHA-256 of its files.

    Raises:
        NotFound: There is no such file.
        ModelError: It is one of edgecnn's own, or its weights are not where they may be.
    """
    if not path.exists():
        raise NotFound(f"there is no file {str(path)!r}", remedy="give the path of an ONNX file")
    content = read_capped(path)
    if digest.CONTRACT_KEY in digest.read_metadata(content).values:
        raise ModelError(f"{path} is a model file of edgecnn already", remedy="use it as it is")
    merged, others = merge_external_data(content, path)
    sha = hashlib.sha256(content)
    for other in others:
        sha.update(other)
    return merged, sha.hexdigest()


def _synthetic(spec: ModelSpec) -> Dataset:
    """Return synthetic frames as a data set."""
    frames = Pictures(probe_frames(PROBES, spec.shape), np.arange(PROBES))
    return Dataset("", spec.labels, frames, frames, frames, ())


def _report(
    adoption: Adoption,
    agreement: Agreement,
    files: dict[Form, str],
    accuracy: tuple[Accuracy, ...],
    gates: tuple[Verdict, ...],
) -> AdoptReport:
    sizes = {form: round(Path(path).stat().st_size / 1024, 1) for form, path in files.items()}
    islands = {}
    if Form.INT8 in files:
        islands = float_islands(count_operators(read_model(files[Form.INT8])).executed)
    return AdoptReport(adoption, agreement, files, sizes, accuracy, gates, islands)
