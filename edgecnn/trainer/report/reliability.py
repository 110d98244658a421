"""Whether a network is as sure as it is right."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.records import Record

BINS = 15
"""As many as the source takes."""


@dataclass(frozen=True)
class Bin:
    """The pictures that were labelled about equally surely."""

    lower: float
    """Confidence from, itself outside."""
    upper: float
    """Confidence to, itself inside."""
    count: int
    confidence: float
    """Mean probability of the labels given, 0 to 1."""
    accuracy: float
    """Share of them labelled correctly, 0 to 1."""


@dataclass(frozen=True)
class Reliability(Record):
    """Confidence against accuracy."""

    bins: tuple[Bin, ...]
    """From the least sure to the surest; a bin without pictures is left out."""
    ece: float
    """Expected calibration error: the mean gap of confidence and accuracy, weighted by pictures."""

    @property
    def confidence(self) -> float:
        """The mean confidence over all pictures, 0 to 1."""
        total = sum(row.count for row in self.bins)
        return sum(row.count * row.confidence for row in self.bins) / total


def measure_reliability(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]
) -> Reliability:
    """Sort pictures into equal-width bins by confidence, and compare it with their accuracy.

    Args:
        probabilities: (n, classes), each row a softmax; n > 0.
        labels: (n,) true class indexes.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equations 2 and 3.
    """
    confidence = probabilities.max(1).astype(np.float64)  # (n,)
    correct = probabilities.argmax(1) == labels  # (n,)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    # A softmax in float32 may exceed 1 by a rounding: it belongs to the last bin.
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
