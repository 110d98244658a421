"""A model file against the run that it was exported from, and against its other forms."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import confusion_matrix

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.data.dataset import Pictures
from edgecnn.errors import EdgeError
from edgecnn.exporter.gate.gate import MIN_AGREEMENT, MIN_EXPORT_AGREEMENT
from edgecnn.exporter.verify.known_faults import Labels, explain_labels, explain_order
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.inference.file_checks import Check, other_rule, rule_of
from edgecnn.model.form import Form
from edgecnn.model.model_file import ModelFile, read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.trainer.run_folder import Run, read_run
from edgecnn.trainer.score import choose_device, logits_of
from edgecnn.trainer.train import load_for

UNEXPLAINED = "no known fault explains it: the weights may be another run's"


def check_run(
    tested: ModelUnderTest, against: str | Path, on_progress: Callable[[str], None]
) -> tuple[Check, ...]:
    """Compare the file's spec, and labels on validation pictures, with those of a run's network.

    Args:
        tested: The model file.
        against: The run's folder; empty: the checks are skipped.
        on_progress: Called with the name of each stage.

    Raises:
        NotFound: There is no such run.
        DataError: The run or its data set is broken.
    """
    if not against:
        return (Check("run", SKIPPED, "give --against RUN, the run's folder"),)
    run = read_run(Path(against))
    wrong = _differences(tested.file.spec, run.spec)
    checks = (Check("run", FAIL if wrong else OK, wrong or "the file's spec is the run's"),)
    if not _same_shape(tested.file.spec, run.spec):
        return (*checks, Check("agreement", SKIPPED, "the run's network has another shape"))
    on_progress("comparing with the run on validation pictures")
    data, _ = load_for(run.recipe)
    wanted = logits_of(run.network, data.validation, choose_device("cpu")).argmax(1).numpy()
    return checks + tuple(
        _agreement(tested.file, form, run, data.validation, wanted)
        for form in Form
        if form is tested.file.card.form or _sibling(tested.file, form).is_file()
    )


def _same_shape(own: ModelSpec, runs: ModelSpec) -> bool:
    """Return whether input and output have the same shapes."""
    return (own.shape, len(own.labels)) == (runs.shape, len(runs.labels))


def _sibling(file: ModelFile, form: Form) -> Path:
    """Return where another form of the same model would be: beside the file."""
    return file.path.with_name(f"{file.card.name}{form.suffix}")


def _differences(own: ModelSpec, runs: ModelSpec) -> str:
    """Return how a file's spec differs from the run's; the export sets the reject threshold."""
    found = []
    if (own.fit, own.shrink) != (runs.fit, runs.shrink):
        found.append(f"{other_rule(own)}, the run learned with {rule_of(runs)}")
    if own.shape != runs.shape:
        found.append(f"the file takes {own.shape}, the run {runs.shape}")
    if own.labels != runs.labels:
        pairs = zip(own.labels, runs.labels, strict=False)
        texts = [f"the file's {a!r} is the run's {b!r}" for a, b in pairs if a != b]
        what = "permuted" if sorted(own.labels) == sorted(runs.labels) else "others"
        found.append(f"labels are {what}: {', '.join(texts[:4])}")
    return "; ".join(found)


def _agreement(file: ModelFile, form: Form, run: Run, pictures: Pictures, wanted: Labels) -> Check:
    """Check whether a form gives the labels of the run's network, (n,) `wanted`."""
    name = f"{form} = torch"
    path = file.path if form is file.card.form else _sibling(file, form)
    try:
        tested = ModelUnderTest(read_model(path))
    except EdgeError as error:
        return Check(name, FAIL, error.what)
    frames = np.asarray(pictures.frames)
    answers = tested.logits(frames).argmax(1)
    agreed, needed = int((answers == wanted).sum()), _needed(form, run, len(wanted))
    figures = f"{agreed} of {len(wanted)} validation labels agree, {needed} are needed"
    if agreed >= needed:
        return Check(name, OK, figures)
    indexes, labels = range(len(run.spec.labels)), tested.file.spec.labels
    confusion = confusion_matrix(wanted, answers, labels=indexes)
    reason = explain_labels(frames, wanted, needed.__le__, tested.faults)
    reason = reason or explain_order(labels, run.spec.labels, confusion, "the run")
    return Check(name, FAIL, f"{reason or UNEXPLAINED}; {figures}")


def _needed(form: Form, run: Run, count: int) -> int:
    """Return how many labels must agree: fewer after fine-tuning, which changes every form."""
    exact = form is Form.FP32 and not run.recipe.qat.epochs
    return math.ceil(count * (MIN_EXPORT_AGREEMENT if exact else MIN_AGREEMENT))
