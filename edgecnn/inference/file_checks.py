"""Checks of a model file that need neither torch nor onnx: digest, contract, fit rule, golden."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.check_result import FAIL, OK, SKIPPED, CheckResult
from edgecnn.errors import EdgeError, ModelError, SpecError
from edgecnn.inference.first_opening import check_first_opening
from edgecnn.model import digest, fit_probe
from edgecnn.model.golden import Golden
from edgecnn.model.model_file import ModelFile, read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.records import Record


@dataclass(frozen=True)
class Check:
    """One check and its result."""

    name: str
    result: CheckResult
    """OK, FAIL or SKIPPED."""
    reason: str
    """What was found; for FAIL, what is wrong; for SKIPPED, why."""


@dataclass(frozen=True)
class VerifyReport(Record):
    """All checks of one model file."""

    path: str
    form: str
    """Empty where the file cannot be read."""
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.result == FAIL)


def rule_of(spec: ModelSpec) -> str:
    """Return how a spec fits frames."""
    return f"{spec.fit.value}, {spec.shrink.value}"


def other_rule(spec: ModelSpec) -> str:
    """Return the beginning of the message that a file's fit rule is not the original one."""
    return f"frames are fitted by another rule: the file says {rule_of(spec)}"


def check_bytes(path: Path) -> tuple[tuple[Check, ...], ModelFile | None]:
    """Check digest and contract; return the checks, and the file if both hold."""
    try:
        file = read_model(path)
    except (ModelError, SpecError) as error:
        if not _is_digest_right(path.read_bytes()):
            return (Check("digest", FAIL, error.what),), None
        return (Check("digest", OK, "fits the bytes"), Check("contract", FAIL, error.what)), None
    contract = Check("contract", OK, f"version {file.contract}, graph and spec agree")
    return (Check("digest", OK, file.digest), contract), file


def check_opening(model: str | Path) -> VerifyReport | None:
    """Open a file as at its first opening on this machine; return the report if that fails.

    A file that cannot be read is left to `check_bytes`.
    """
    try:
        file = read_model(model)
    except (ModelError, SpecError):
        return None
    try:
        check_first_opening(file)
    except (ModelError, SpecError) as error:
        checks = (Check("digest", OK, file.digest), Check("contract", FAIL, error.what))
        return VerifyReport(str(file.path), file.card.form, checks)
    return None


def _is_digest_right(content: bytes) -> bool:
    """Return whether a file holds the digest of its bytes."""
    try:
        digest.check_digest(content, digest.read_metadata(content))
    except (EdgeError, KeyError):  # not a model, or without a digest
        return False
    return True


def check_fit(file: ModelFile) -> Check:
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


def check_golden(golden: Golden, found: npt.NDArray[np.float32], allowed: float) -> Check:
    """Check whether the golden frames give their logits.

    Args:
        golden: The frames and the logits that are expected.
        found: (frames, K) logits that the file gives here; none where it has no golden frames.
        allowed: How much a logit may differ.
    """
    name = "golden"
    if not golden.frames_png:
        return Check(name, SKIPPED, "the file has no golden frames")
    try:
        worst = golden.worst_difference(found)
    except SpecError as error:
        return Check(name, FAIL, error.what)
    figures = f"{len(found)} frames, a logit is off by {worst:.2g}, allowed is {allowed:.2g}"
    return Check(name, OK if worst <= allowed else FAIL, figures)
