"""Calibration against an example worked out by hand, Guo's own loop and scikit-learn."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.calibration import calibration_curve

from edgecnn.trainer.report.reliability import Reliability, measure_reliability


def two_classes(*confidences: float) -> npt.NDArray[np.float64]:
    """Return (n, 2) probabilities whose surest class is the first."""
    return np.array([[confidence, 1 - confidence] for confidence in confidences])


@pytest.fixture
def noisy() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Softmax rows of a network that is surer than right, and the true classes."""
    random = np.random.default_rng(3)
    labels = random.integers(0, 5, 2000)
    logits = random.normal(0, 2, (2000, 5))
    logits[np.arange(2000), labels] += 2
    exponents = np.exp(2 * logits)
    return exponents / exponents.sum(1, keepdims=True), labels


def test_an_example_worked_out_by_hand() -> None:
    # Bin (14/15, 1]: 0.95, 0.97 right and 0.99 wrong: sure 0.97, right 2/3, 3 pictures.
    # Bin (8/15, 9/15]: 0.55 wrong: sure 0.55, right 0, 1 picture.
    measured = measure_reliability(two_classes(0.95, 0.97, 0.99, 0.55), np.array([0, 0, 1, 1]))
    first, last = measured.bins
    assert (first.count, last.count) == (1, 3)
    assert (first.confidence, first.accuracy) == pytest.approx((0.55, 0.0))
    assert (last.confidence, last.accuracy) == pytest.approx((0.97, 2 / 3))
    assert (first.lower, first.upper) == pytest.approx((8 / 15, 9 / 15))
    assert (last.lower, last.upper) == pytest.approx((14 / 15, 1.0))
    assert measured.ece == pytest.approx((3 * (0.97 - 2 / 3) + 0.55) / 4)
    assert measured.confidence == pytest.approx((0.95 + 0.97 + 0.99 + 0.55) / 4)


def test_the_error_is_that_of_guos_loop(
    noisy: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
) -> None:
    probabilities, labels = noisy
    confidences, hits = probabilities.max(1), probabilities.argmax(1) == labels
    ece, edges = 0.0, np.linspace(0, 1, 16)
    for lower, upper in pairwise(edges):
        inside = (confidences > lower) & (confidences <= upper)
        if inside.any():
            ece += inside.mean() * abs(hits[inside].mean() - confidences[inside].mean())
    assert ece > 0.05
    assert measure_reliability(probabilities, labels).ece == pytest.approx(ece, abs=1e-12)


def test_the_bins_are_scikit_learns(
    noisy: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
) -> None:
    probabilities, labels = noisy
    hits = probabilities.argmax(1) == labels
    accuracy, confidence = calibration_curve(hits, probabilities.max(1), n_bins=15)
    bins = measure_reliability(probabilities, labels).bins
    assert [row.accuracy for row in bins] == pytest.approx(accuracy.tolist())
    assert [row.confidence for row in bins] == pytest.approx(confidence.tolist())
    assert sum(row.count for row in bins) == 2000


def test_a_network_that_is_sure_and_right_has_no_error() -> None:
    measured = measure_reliability(np.eye(4)[[0, 1, 2, 3]], np.arange(4))
    assert (measured.ece, len(measured.bins), measured.bins[0].accuracy) == (0.0, 1, 1.0)


def test_a_network_that_is_sure_and_wrong_has_the_greatest_error() -> None:
    assert measure_reliability(two_classes(1.0, 1.0), np.array([1, 1])).ece == 1.0


def test_a_probability_a_rounding_above_one_is_in_the_last_bin() -> None:
    above = np.array([[np.nextafter(np.float32(1), np.float32(2)), 0]], np.float32)
    (only,) = measure_reliability(above, np.array([0])).bins
    assert only.upper == 1.0


def test_an_edge_belongs_to_the_bin_below_it() -> None:
    edge = float(np.linspace(0, 1, 16)[12])
    (only,) = measure_reliability(two_classes(edge), np.array([0])).bins
    assert only.upper == edge


def test_it_travels_as_json() -> None:
    measured = measure_reliability(two_classes(0.95, 0.55), np.array([0, 1]))
    assert Reliability.from_json(measured.to_json()) == measured
