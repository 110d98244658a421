"""The gate: whether a form is as accurate as fp32 and worth having, judged on validation pictures.

Two axes, accuracy and worth, each PASS, FAIL or CANNOT TELL. A form passes if both do.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.bench.clock import Ratio
from edgecnn.bench.frames import CAMERA
from edgecnn.check_result import CANNOT_TELL, FAIL, PASS, CheckResult
from edgecnn.errors import CheckFailed
from edgecnn.exporter.gate.paired import Drop, measure_drop, pictures_needed
from edgecnn.model.form import Form
from edgecnn.model.spec import Accuracy
from edgecnn.records import Record
from edgecnn.trainer.metrics import measure_accuracy

MIN_EXPORT_AGREEMENT = 0.999
"""Share of pictures on which the fp32 file must say what torch says; float ties excuse the rest."""
MAX_DROP_POINTS = 0.5
MIN_AGREEMENT = 0.95
SMALLER = 2.0
"""A file at least so many times smaller is worth having even if it is a little slower:"""
MAX_RATIO = 1.10


@dataclass(frozen=True)
class GateLimits(Record):
    """What the gate allows."""

    max_drop: float = MAX_DROP_POINTS
    """Accuracy that a form may lose against fp32, percentage points."""
    min_agreement: float = MIN_AGREEMENT
    """Share of pictures on which a form must say what fp32 says, 0 to 1."""
    max_ratio: float = MAX_RATIO
    """Time over fp32's that is allowed; more than 1.0 only for a file at least 2x smaller."""
    max_kib: float = 0.0
    """Size that the file may have, KiB. 0: any."""


@dataclass(frozen=True)
class Axis(Record):
    """The answer on one axis."""

    verdict: CheckResult
    """PASS, FAIL or CANNOT TELL."""
    reason: str


@dataclass(frozen=True)
class Cost(Record):
    """What a form costs beside fp32."""

    ratio: Ratio
    """Time over fp32's on this machine, from a camera's frame, with its 99 % interval."""
    inference: Ratio
    """The same from a fitted frame: what the network alone takes."""
    fit_ms: float
    """Time of fitting one camera frame, milliseconds: the same for every form."""
    kib: float
    fp32_kib: float

    @property
    def smaller(self) -> float:
        """Return how many times smaller than fp32 the file is."""
        return self.fp32_kib / self.kib


@dataclass(frozen=True)
class Verdict(Record):
    """The gate's answer for one form, with every figure behind it."""

    form: Form
    verdict: CheckResult
    """PASS, FAIL or CANNOT TELL."""
    reason: str
    """One sentence with the figures that decided."""
    accuracy: Axis
    efficiency: Axis
    fp32: Accuracy
    own: Accuracy
    agreement: float
    """Share of pictures on which the form says what fp32 says."""
    drop: Drop
    cost: Cost
    limits: GateLimits

    @property
    def fact(self) -> str:
        """Return what the card says: the accuracy, and whether the file was written by force.

        What it is worth depends on the machine and its mood, which are not facts of the file.
        """
        forced = "written though the gate says FAIL; " if self.verdict == FAIL else ""
        return f"{forced}accuracy {self.accuracy.verdict}: {self.accuracy.reason}"


@dataclass(frozen=True, eq=False)
class PairedLabels:
    """Class indexes that fp32 and another form give to the same pictures: (n,) each."""

    truth: npt.NDArray[np.int64]
    fp32: npt.NDArray[np.int64]
    own: npt.NDArray[np.int64]

    @property
    def agreement(self) -> float:
        """Return the share of pictures on which both say the same."""
        return float((self.fp32 == self.own).mean())

    @property
    def drop(self) -> Drop:
        """Return what the form loses."""
        return measure_drop(self.truth, self.fp32, self.own)


def check_export(
    origin: str, reference: npt.NDArray[np.int64], fp32: npt.NDArray[np.int64]
) -> float:
    """Return on how many of the labels the fp32 file and what it was made from agree, 0 to 1.

    Raises:
        CheckFailed: Too few: the graph computes something else.
    """
    agreement = float((reference == fp32).mean())
    if agreement < MIN_EXPORT_AGREEMENT:
        raise CheckFailed(
            f"the gate says FAIL: the fp32 file agrees with {origin} on {agreement:.2%} of the "
            f"labels, at least {MIN_EXPORT_AGREEMENT:.1%} is needed",
            remedy="update torch, onnx and onnxscript; no form of this network can be trusted",
        )
    return agreement


def judge(form: Form, answers: PairedLabels, cost: Cost, limits: GateLimits) -> Verdict:
    """Judge a form by its answers and its cost."""
    accuracy, efficiency = judge_accuracy(form, answers, limits), judge_efficiency(cost, limits)
    both = [axis.verdict for axis in (accuracy, efficiency)]
    return Verdict(
        form=form,
        verdict=next(word for word in (FAIL, CANNOT_TELL, PASS) if word in both),
        reason=f"{accuracy.reason}; {efficiency.reason}",
        accuracy=accuracy,
        efficiency=efficiency,
        fp32=_score(Form.FP32, answers.truth, answers.fp32),
        own=_score(form, answers.truth, answers.own),
        agreement=answers.agreement,
        drop=answers.drop,
        cost=cost,
        limits=limits,
    )


def judge_accuracy(form: Form, answers: PairedLabels, limits: GateLimits) -> Axis:
    """Judge what a form loses: a paired test on the same pictures, one-sided bounds of 95 %."""
    drop, agreement = answers.drop, answers.agreement
    if agreement < limits.min_agreement:
        return Axis(
            FAIL,
            f"{form} agrees with fp32 on {agreement:.2%} of the labels, "
            f"at least {limits.min_agreement:.1%} is needed",
        )
    allowed = f"{limits.max_drop} is allowed"
    if drop.low > limits.max_drop:
        return Axis(FAIL, f"{form} loses {drop}, at least {drop.low:.2f}, and {allowed}")
    text = f"{form} loses {drop}, at most {drop.high:.2f}, and {allowed}"
    if drop.high <= limits.max_drop:
        return Axis(PASS, text)
    needed = pictures_needed(drop, limits.max_drop)
    proof = f"{needed:,} pictures are needed" if needed else "no number of pictures is enough"
    return Axis(
        CANNOT_TELL,
        f"{form} loses {drop}; to prove less than {limits.max_drop} points {proof}",
    )


def judge_efficiency(cost: Cost, limits: GateLimits) -> Axis:
    """Judge what a form costs: faster than fp32, or much smaller and hardly slower."""
    if limits.max_kib and cost.kib > limits.max_kib:
        return Axis(FAIL, f"its file has {cost.kib:.1f} KiB, {limits.max_kib} is allowed")
    allowed = limits.max_ratio if cost.smaller >= SMALLER else min(1.0, limits.max_ratio)
    ratio = cost.ratio
    text = (
        f"it takes {ratio.median:.2f} of fp32's time [{ratio.low:.2f}, {ratio.high:.2f}] on "
        f"{CAMERA} frames in a file {cost.smaller:.1f}x smaller, and less than {allowed} is needed"
    )
    if ratio.high < allowed:
        return Axis(PASS, text)
    return Axis(FAIL if ratio.low >= allowed else CANNOT_TELL, text)


def _score(form: Form, truth: npt.NDArray[np.int64], answers: npt.NDArray[np.int64]) -> Accuracy:
    return measure_accuracy(form, "validation", int((answers == truth).sum()), len(truth))
