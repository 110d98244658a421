"""`verify`: whether a model file still computes what its network learned, and if not, why."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.errors import EdgeError, ModelError, ProviderError, SpecError
from edgecnn.exporter.verify.checks import Check, VerifyReport, other_rule, rule_of
from edgecnn.exporter.verify.data_checks import check_data
from edgecnn.exporter.verify.known_faults import Logits, explain_golden
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.exporter.verify.run_checks import check_run
from edgecnn.inference.session import INPUT, LOGITS
from edgecnn.model import digest, fit_probe
from edgecnn.model.form import Form
from edgecnn.model.model_file import ModelFile, find_model, read_model

REFERENCE_FRAMES = 32
TIES = {Form.INT8: 3}
"""How many of these frames may differ by more than the tolerance: where the reference rounds a tie
of an early layer the other way, several values of the last layer change (onnxruntime#32132)."""
OnProgress = Callable[[str], None]


def verify(
    model: str | Path,
    *,
    data: str = "",
    against: str | Path = "",
    on_progress: OnProgress = lambda _: None,
) -> VerifyReport:
    """Check a model file, and explain what is wrong with it.

    Args:
        model: A path, or the name of a shipped model.
        data: A data set with the model's classes, to check accuracy and order of the labels on.
        against: The folder of the run that it was exported from.
        on_progress: Called with the name of each stage.

    Returns:
        The checks; one that fails says why.

    Raises:
        NotFound: There is no such model, data set or run.
        DataError: The data set or run is broken, or of other classes.
    """
    path = find_model(model)
    on_progress("reading the file")
    checks, file = _read(path)
    if file is None:
        return VerifyReport(str(path), "", checks)
    try:
        tested = ModelUnderTest(file)
    except (ModelError, ProviderError, SpecError) as error:
        refused = Check("contract", FAIL, error.what)
        return VerifyReport(str(path), file.card.form, (*checks[:-1], refused))
    checks += (_check_fit(file), _check_golden(tested))
    on_progress("comparing with onnx's reference evaluator")
    checks += (_check_reference(tested),)
    checks += check_run(tested, against, on_progress) + check_data(tested, data, on_progress)
    return VerifyReport(str(path), file.card.form, checks)


def _read(path: Path) -> tuple[tuple[Check, ...], ModelFile | None]:
    """Check digest and contract; return the checks, and the file if both hold."""
    try:
        file = read_model(path)
    except (ModelError, SpecError) as error:
        if not _is_digest_right(path.read_bytes()):
            return (Check("digest", FAIL, error.what),), None
        return (Check("digest", OK, "fits the bytes"), Check("contract", FAIL, error.what)), None
    contract = Check("contract", OK, f"version {digest.CONTRACT_VERSION}, graph and spec agree")
    return (Check("digest", OK, file.digest), contract), file


def _is_digest_right(content: bytes) -> bool:
    """Return whether a file holds the digest of its bytes."""
    try:
        digest.check_digest(content, digest.read_metadata(content))
    except (EdgeError, KeyError):  # not a model, or without a digest
        return False
    return True


def _check_fit(file: ModelFile) -> Check:
    """Check whether frames are fitted here as on the machine that made the file."""
    spec, stored = file.spec, file.golden.fitted
    name = "fit rule"
    if not stored:
        return Check(name, SKIPPED, "the file is older than this check: see --against and --data")
    if fit_probe.fits(spec, stored):
        return Check(name, OK, f"{rule_of(spec)} gives the pixels that it gave there")
    made = " or ".join(rule_of(other) for other in fit_probe.rules_of(spec, stored))
    none = f"{rule_of(spec)} gives other pixels here, as does every other rule"
    return Check(name, FAIL, f"{other_rule(spec)}, it was made with {made}" if made else none)


def _check_golden(tested: ModelUnderTest) -> Check:
    """Check whether the golden frames give their logits, within the tolerance of the form."""
    golden, spec, name = tested.file.golden, tested.file.spec, "golden"
    if not tested.golden_frames:
        return Check(name, SKIPPED, "the file has no golden frames")
    frames = np.stack(tested.golden_frames)
    found = tested.logits(frames)
    try:
        worst = golden.worst_difference(found)
    except SpecError as error:
        return Check(name, FAIL, error.what)
    allowed = tested.tolerance
    figures = f"{len(frames)} frames, a logit is off by {worst:.2g}, allowed is {allowed:.2g}"
    if worst <= allowed:
        return Check(name, OK, figures)
    expected = np.asarray(golden.logits, np.float32)
    reason = explain_golden(spec.labels, frames, expected, found, allowed, tested.faults)
    return Check(name, FAIL, f"{reason}; {figures}")


def _check_reference(tested: ModelUnderTest) -> Check:
    """Check whether onnx's reference evaluator, which is slow, gives the same logits."""
    frames, name = tested.some_frames(REFERENCE_FRAMES), "reference"
    try:
        (rows,) = cast(
            "list[Logits]", ReferenceEvaluator(tested.graph).run([LOGITS], {INPUT: frames})
        )
    except Exception as error:  # it raises whatever its operators raise
        return Check(name, SKIPPED, f"onnx {onnx.__version__} cannot evaluate the graph: {error}")
    gaps, allowed = np.abs(rows - tested.logits(frames)), tested.tolerance
    gaps = (gaps / np.maximum(np.abs(rows), 1)).max(1)  # float rounding errors grow with the logit
    outside = int((~(gaps <= allowed)).sum())
    within = f"{len(frames) - outside} of {len(frames)} frames within {allowed:.2g}"
    figures = f"{within}, a logit is off by {gaps.max():.2g}"
    if outside <= TIES.get(tested.file.card.form, 0):
        return Check(name, OK, figures)
    return Check(name, FAIL, f"ONNX Runtime and onnx's reference disagree: {figures}")
