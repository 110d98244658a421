"""`verify`: does a model file still do what was learned, and if not, what is wrong with it."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.errors import EdgeError, ModelError, ProviderError, SpecError
from edgecnn.exporter.verify.checks import Check, VerifyReport
from edgecnn.exporter.verify.data_checks import check_data
from edgecnn.exporter.verify.known_faults import Logits, explain_golden
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.exporter.verify.run_checks import check_run
from edgecnn.inference.session import INPUT, LOGITS
from edgecnn.model import digest, fit_probe
from edgecnn.model.form import Form
from edgecnn.model.model_file import ModelFile, find_model, read_model
from edgecnn.model.spec import ModelSpec

REFERENCE_FRAMES = 32
TIES = {Form.INT8: 3}
"""Of those frames, how many may differ by more: a tie that the reference rounds another way in an
early layer moves several values of the last (onnxruntime#32132)."""
OnProgress = Callable[[str], None]


def verify(
    model: str | Path,
    *,
    data: str = "",
    against: str | Path = "",
    on_progress: OnProgress = lambda _: None,
) -> VerifyReport:
    """Check a model file, and name what is wrong with it.

    Args:
        model: A path, or the name of a shipped model.
        data: A data set with the model's classes, to measure accuracy and the order of labels on.
        against: The folder of the run that it was exported from.
        on_progress: Called with the name of each stage.

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
    on_progress("asking onnx's reference")
    checks += (_check_reference(tested),)
    checks += check_run(tested, against, on_progress) + check_data(tested, data, on_progress)
    return VerifyReport(str(path), file.card.form, checks)


def _read(path: Path) -> tuple[tuple[Check, ...], ModelFile | None]:
    """Return the checks of the bytes, and the file if they hold."""
    try:
        file = read_model(path)
    except (ModelError, SpecError) as error:
        sealed = _seal_holds(path.read_bytes())
        name = "contract" if sealed else "digest"
        before = (Check("digest", OK, "fits the bytes"),) if sealed else ()
        return (*before, Check(name, FAIL, error.what)), None
    contract = Check("contract", OK, f"version {digest.CONTRACT_VERSION}, graph and spec agree")
    return (Check("digest", OK, file.digest), contract), file


def _seal_holds(content: bytes) -> bool:
    try:
        metadata = digest.read_metadata(content)
        digest.check_digest(content, metadata)
    except (EdgeError, KeyError):  # no model, or a file without a digest
        return False
    return True


def _check_fit(file: ModelFile) -> Check:
    """See whether frames are fitted here as they were where the file was made."""
    spec, stored = file.spec, file.golden.fitted
    name = "fit rule"
    if not stored:
        return Check(name, SKIPPED, "the file is older than this check: see --against and --data")
    if fit_probe.fits(spec, stored):
        return Check(name, OK, f"{rule_of(spec)} gives the pixels that it gave there")
    made = " or ".join(rule_of(other) for other in fit_probe.rules_of(spec, stored))
    return Check(
        name,
        FAIL,
        f"frames are fitted by another rule: the file says {rule_of(spec)}, it was made with {made}"
        if made
        else f"{rule_of(spec)} gives other pixels here, as does every other rule",
    )


def rule_of(spec: ModelSpec) -> str:
    """Return how a spec fits frames."""
    return f"{spec.fit.value}, {spec.shrink.value}"


def _check_golden(tested: ModelUnderTest) -> Check:
    """See whether the golden frames give their logits, within the tolerance of the form."""
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
    """See whether onnx's own evaluator, slow and plain, gives the same logits."""
    frames, name = tested.some_frames(REFERENCE_FRAMES), "reference"
    try:
        (rows,) = cast(
            "list[Logits]", ReferenceEvaluator(tested.graph).run([LOGITS], {INPUT: frames})
        )
    except Exception as error:  # it raises whatever its operators do
        return Check(name, SKIPPED, f"onnx {onnx.__version__} cannot evaluate the graph: {error}")
    gaps, allowed = np.abs(rows - tested.logits(frames)), tested.tolerance
    gaps = (gaps / np.maximum(np.abs(rows), 1)).max(1)  # a large logit is only so exact in float
    strays = int((~(gaps <= allowed)).sum())
    figures = (
        f"{len(frames) - strays} of {len(frames)} frames within {allowed:.2g}, a logit is off by "
        f"{gaps.max():.2g}"
    )
    if strays <= TIES.get(tested.file.card.form, 0):
        return Check(name, OK, figures)
    return Check(name, FAIL, f"ONNX Runtime and onnx's reference disagree: {figures}")
