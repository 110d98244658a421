"""`verify`: whether a model file still computes what its network learned, and if not, why."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.errors import ModelError, ProviderError, SpecError
from edgecnn.exporter.graph.execution import open_unfused
from edgecnn.exporter.verify.data_checks import check_data
from edgecnn.exporter.verify.known_faults import Logits, explain_golden
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.exporter.verify.run_checks import check_run
from edgecnn.inference.file_checks import (
    Check,
    VerifyReport,
    check_bytes,
    check_fit,
    check_golden,
)
from edgecnn.inference.session import INPUT, LOGITS
from edgecnn.model.form import Form
from edgecnn.model.frame import Frame
from edgecnn.model.model_file import find_model

REFERENCE_FRAMES, REFERENCE_PIXELS = 32, 32 * 64 * 64
"""Frames for onnx's slow reference evaluator; of large networks fewer, at least two."""
MIN_SAME_LABELS = 0.995
"""Share of frames that must get the same label whether layers are fused or not."""
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
    checks, file = check_bytes(path)
    if file is None:
        return VerifyReport(str(path), "", checks)
    try:
        tested = ModelUnderTest(file)
    except (ModelError, ProviderError, SpecError) as error:
        refused = Check("contract", FAIL, error.what)
        return VerifyReport(str(path), file.card.form, (*checks[:-1], refused))
    on_progress("comparing with onnx's reference evaluator")
    checks += (check_fit(file), *check_computation(tested, tested.some_frames(REFERENCE_FRAMES)))
    checks += check_run(tested, against, on_progress) + check_data(tested, data, on_progress)
    return VerifyReport(str(path), file.card.form, checks)


def check_computation(tested: ModelUnderTest, frames: Frame) -> tuple[Check, ...]:
    """Check that a file computes the same everywhere: what export and adopt ask before they write.

    Args:
        tested: The file.
        frames: (n, H, W, C) uint8 frames whose labels are compared with and without fused layers.
    """
    return _golden(tested), _check_reference(tested), _check_fusing(tested, frames)


def _check_fusing(tested: ModelUnderTest, frames: Frame) -> Check:
    """Check whether frames get the same labels with fused layers and without."""
    session = open_unfused(tested.file.data)
    plain = [session.run([LOGITS], {INPUT: frame[None]})[0].argmax() for frame in frames]
    same = int((tested.logits(frames).argmax(1) == np.array(plain)).sum())
    needed = math.ceil(MIN_SAME_LABELS * len(frames))
    words = f"{same} of {len(frames)} labels are the same with fused layers and without"
    return Check("fused layers", OK if same >= needed else FAIL, words)


def _golden(tested: ModelUnderTest) -> Check:
    """Check the golden frames; name the fault where one explains other logits."""
    golden, spec = tested.file.golden, tested.file.spec
    if not tested.golden_frames:
        return check_golden(golden, np.empty((0, 0), np.float32), 0.0)
    frames, allowed = np.stack(tested.golden_frames), tested.tolerance
    found = tested.logits(frames)
    check = check_golden(golden, found, allowed)
    if check.result != FAIL or len(golden.logits) != len(found):
        return check
    expected = np.asarray(golden.logits, np.float32)
    reason = explain_golden(spec.labels, frames, expected, found, allowed, tested.faults)
    return replace(check, reason=f"{reason}; {check.reason}")


def _check_reference(tested: ModelUnderTest) -> Check:
    """Check whether onnx's reference evaluator, which is slow, gives the same logits."""
    height, width, _ = tested.file.spec.shape
    count = max(2, min(REFERENCE_FRAMES, REFERENCE_PIXELS // (height * width)))
    frames, name = tested.some_frames(count), "reference"
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
