"""Calibration: how well a network's confidence agrees with its accuracy."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.records import Record

BINS = 15
"""The number of bins in the source below."""


@dataclass(frozen=True)
class Bin:
    """The pictures whose predictions have about the same confidence."""

    lower: float
    """Lower limit of the confidence, exclusive."""
    upper: float
    """Upper limit of the confidence, inclusive."""
    count: int
    """Number of pictures."""
    confidence: float
    """Mean probability of the predicted classes, 0 to 1."""
    accuracy: float
    """Share of them labelled correctly, 0 to 1."""


@dataclass(frozen=True)
class Reliability(Record):
    """Confidence against accuracy."""

    bins: tuple[Bin, ...]
    """By rising confidence; empty bins are left out."""
    ece: float
    """Expected calibration error: mean |confidence - accuracy| of the bins, weighted by count."""

    @property
    def confidence(self) -> float:
        """The mean confidence over all pictures, 0 to 1."""
        total = sum(row.count for row in self.bins)
        return sum(row.count * row.confidence for row in self.bins) / total


def measure_reliability(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]
) -> Reliability:
    """Compare confidence with accuracy in bins of equal width.

    Args:
        probabilities: (n, classes), each row a softmax; n > 0.
        labels: (n,) true class indexes.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equations 2 and 3.
    """
    confidence = probabilities.max(1).astype(np.float64)  # (n,)
    correct = probabilities.argmax(1) == labels  # (n,)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    # By rounding, a float32 softmax may exceed 1; it then belongs to the last bin.
    bins = np.searchsorted(edges[1:-1], confidence)  # (n,)
    rows = tuple(
        Bin(
            float(edges[i]),
            float(edges[i + 1]),
            int((bins == i).sum()),
            float(confidence[bins == i].mean()),
            float(correct[bins == i].mean()),
        )
        for i in np.unique(bins)
    )
    gaps = sum(row.count * abs(row.accuracy - row.confidence) for row in rows)
    return Reliability(rows, gaps / len(labels))
