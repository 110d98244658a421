"""How well a classifier did on one set of pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from edgecnn.model.spec import Accuracy
from edgecnn.records import Record


@dataclass(frozen=True)
class ClassMetrics:
    """One class: of those called so, how many were; of those that were, how many called so."""

    label: str
    precision: float
    recall: float
    f1: float
    pictures: int


@dataclass(frozen=True)
class Metrics(Record):
    """Accuracy with its interval, each class, and who was taken for whom."""

    accuracy: Accuracy
    classes: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    """confusion[i][j]: pictures of class i that were called j."""


def measure_accuracy(form: str, split: str, correct: int, total: int) -> Accuracy:
    """Return an accuracy with its 95 % interval.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    interval = binomtest(correct, total).proportion_ci(method="wilson")
    return Accuracy(form, split, correct, total, float(interval.low), float(interval.high))


def measure(
    labels: tuple[str, ...],
    truth: npt.NDArray[np.int64],
    answers: npt.NDArray[np.int64],
    *,
    form: str,
    split: str,
) -> Metrics:
    """Score answers against the truth, both (n,) class indexes."""
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support  # 0.8 s

    indexes = range(len(labels))
    table = precision_recall_fscore_support(truth, answers, labels=indexes, zero_division=0.0)
    rows = zip(labels, *table, strict=True)
    return Metrics(
        measure_accuracy(form, split, int((truth == answers).sum()), len(truth)),
        tuple(ClassMetrics(n, float(p), float(r), float(f), int(s)) for n, p, r, f, s in rows),
        tuple(
            tuple(int(count) for count in row)
            for row in confusion_matrix(truth, answers, labels=indexes)
        ),
    )
