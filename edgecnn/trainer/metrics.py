"""Accuracy, precision, recall and confusion of a classifier on one set of pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from edgecnn.model.spec import Accuracy
from edgecnn.records import Record


@dataclass(frozen=True)
class ClassMetrics:
    """Precision, recall and F1 of one class, 0 to 1."""

    label: str
    precision: float
    """Share of the pictures predicted as this class that belong to it."""
    recall: float
    """Share of the pictures of this class that were predicted as it."""
    f1: float
    pictures: int
    """Number of pictures of this class."""


@dataclass(frozen=True)
class Metrics(Record):
    """Accuracy with its interval, the figures of each class, and the confusion matrix."""

    accuracy: Accuracy
    classes: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    """confusion[i][j]: number of pictures of class i that were predicted as class j."""


def measure_accuracy(form: str, split: str, correct: int, total: int) -> Accuracy:
    """Return an accuracy with its 95 % Wilson interval.

    Args:
        form: What was measured: torch, int8, fp32 or fp16.
        split: Name of the pictures, such as test.
        correct: Number of pictures labelled correctly.
        total: Number of pictures, at least 1.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    interval = binomtest(correct, total).proportion_ci(method="wilson")
    return Accuracy(form, split, correct, total, float(interval.low), float(interval.high))


def measure(
    labels: tuple[str, ...],
    truth: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.int64],
    *,
    form: str,
    split: str,
) -> Metrics:
    """Compare predicted with true classes.

    Args:
        labels: Names of the classes.
        truth: (n,) true class indexes.
        predicted: (n,) predicted class indexes.
        form: What was measured: torch, int8, fp32 or fp16.
        split: Name of the pictures, such as test.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support  # 0.8 s

    indexes = range(len(labels))
    table = precision_recall_fscore_support(truth, predicted, labels=indexes, zero_division=0.0)
    rows = zip(labels, *table, strict=True)
    return Metrics(
        measure_accuracy(form, split, int((truth == predicted).sum()), len(truth)),
        tuple(ClassMetrics(n, float(p), float(r), float(f), int(s)) for n, p, r, f, s in rows),
        tuple(map(tuple, confusion_matrix(truth, predicted, labels=indexes).tolist())),
    )
