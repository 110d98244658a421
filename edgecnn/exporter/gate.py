"""The gate: what the exported forms must keep of the trained network, judged on validation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.records import Record
from edgecnn.runner.machine import Machine
from edgecnn.spec import Accuracy
from edgecnn.trainer.metrics import measure_accuracy

MIN_EXPORT_AGREEMENT = 0.999
"""Share of pictures on which the fp32 file must say what torch says; float ties excuse the rest."""
MAX_DROP_POINTS = 0.5
MIN_INT8_AGREEMENT = 0.95

PASS, FAIL = "PASS", "FAIL"


@dataclass(frozen=True)
class Limits(Record):
    """What the gate allows."""

    max_drop: float = MAX_DROP_POINTS
    """Accuracy that int8 may lose against fp32, percentage points."""
    min_agreement: float = MIN_INT8_AGREEMENT
    """Share of pictures on which int8 must say what fp32 says, 0 to 1."""


@dataclass(frozen=True)
class Verdict(Record):
    """The gate's answer, with every figure behind it."""

    verdict: str
    """PASS or FAIL."""
    reason: str
    """One sentence with the figures that decided."""
    limits: Limits
    torch: Accuracy
    fp32: Accuracy
    int8: Accuracy
    export_agreement: float
    """Share of pictures on which fp32 says what torch says."""
    int8_agreement: float
    """Share of pictures on which int8 says what fp32 says."""
    drop_points: float
    """Accuracy of fp32 minus that of int8, percentage points."""


@dataclass(frozen=True)
class GateReport(Record):
    """`gate.json`: the verdict, which files it is about, and where it was found."""

    verdict: Verdict
    digests: dict[str, str]
    """Digest of each file that was written; none after FAIL."""
    seconds: float
    machine: Machine


def judge(
    truth: npt.NDArray[np.int64],
    torch: npt.NDArray[np.int64],
    fp32: npt.NDArray[np.int64],
    int8: npt.NDArray[np.int64],
    limits: Limits,
) -> Verdict:
    """Judge the answers of the three forms to the same pictures: (n,) class indexes each."""
    scores = {
        form: measure_accuracy(form, "validation", int((answers == truth).sum()), len(truth))
        for form, answers in (("torch", torch), ("fp32", fp32), ("int8", int8))
    }
    export_agreement = float((torch == fp32).mean())
    int8_agreement = float((fp32 == int8).mean())
    drop = 100 * (scores["fp32"].correct - scores["int8"].correct) / len(truth)
    failures = _failures(export_agreement, int8_agreement, drop, limits)
    passed = (
        f"int8 loses {drop:.2f} points on {len(truth)} validation pictures "
        f"(allowed {limits.max_drop}) and agrees with fp32 on {int8_agreement:.2%}"
    )
    return Verdict(
        FAIL if failures else PASS,
        "; ".join(failures) or passed,
        limits,
        **scores,
        export_agreement=export_agreement,
        int8_agreement=int8_agreement,
        drop_points=drop,
    )


def _failures(export: float, int8: float, drop: float, limits: Limits) -> list[str]:
    failures = []
    if export < MIN_EXPORT_AGREEMENT:
        failures.append(
            f"the fp32 file agrees with torch on {export:.2%} of the labels, "
            f"at least {MIN_EXPORT_AGREEMENT:.1%} is needed"
        )
    if int8 < limits.min_agreement:
        failures.append(
            f"int8 agrees with fp32 on {int8:.2%} of the labels, "
            f"at least {limits.min_agreement:.1%} is needed"
        )
    if drop > limits.max_drop:
        failures.append(f"int8 loses {drop:.2f} points of accuracy, {limits.max_drop} is allowed")
    return failures
