"""Accuracy and its interval, classes and confusions, against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.trainer.metrics import Metrics, measure, measure_accuracy

LABELS = ("ant", "bee", "wasp")
#               a  a  a  a  b  b  b  w
TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 2])
CALLS = np.array([0, 0, 1, 2, 1, 1, 0, 1])


def score(truth: list[int], calls: list[int]) -> Metrics:
    return measure(LABELS, np.array(truth), np.array(calls), form="torch", split="test")


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
        pytest.param(81, 263, 0.2553, 0.3662, id="81 of 263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="15 of 148"),
        pytest.param(0, 20, 0.0000, 0.1611, id="0 of 20"),
        pytest.param(1, 29, 0.0061, 0.1718, id="1 of 29"),
        pytest.param(20, 20, 0.8389, 1.0000, id="20 of 20"),
    ],
)
def test_the_interval_is_wilsons(correct: int, total: int, low: float, high: float) -> None:
    accuracy = measure_accuracy("int8", "test", correct, total)
    assert (accuracy.low, accuracy.high) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_solves_wilsons_equation(counts: tuple[int, int]) -> None:
    correct, total = counts
    accuracy = measure_accuracy("int8", "test", correct, total)
    z, share = 1.959963984540054, correct / total
    for end in (accuracy.low, accuracy.high):
        assert (share - end) ** 2 == pytest.approx(z * z * end * (1 - end) / total, abs=1e-9)
    assert accuracy.low <= accuracy.value <= accuracy.high


def test_an_accuracy_says_form_split_and_counts() -> None:
    accuracy = measure_accuracy("int8", "validation", 3, 4)
    assert (accuracy.form, accuracy.split) == ("int8", "validation")
    assert (accuracy.correct, accuracy.total, accuracy.value) == (3, 4, 0.75)


def test_accuracy_is_the_share_of_pictures_labelled_correctly() -> None:
    metrics = score(TRUTH.tolist(), CALLS.tolist())
    assert (metrics.accuracy.correct, metrics.accuracy.total) == (4, 8)


@pytest.mark.parametrize(
    ("index", "precision", "recall", "f1", "pictures"),
    [
        pytest.param(0, 2 / 3, 2 / 4, 4 / 7, 4, id="ant"),
        pytest.param(1, 2 / 4, 2 / 3, 4 / 7, 3, id="bee"),
        pytest.param(2, 0.0, 0.0, 0.0, 1, id="wasp"),
    ],
)
def test_precision_recall_and_f1_are_those_worked_out_by_hand(
    index: int, precision: float, recall: float, f1: float, pictures: int
) -> None:
    row = score(TRUTH.tolist(), CALLS.tolist()).classes[index]
    assert (row.label, row.pictures) == (LABELS[index], pictures)
    assert (row.precision, row.recall, row.f1) == pytest.approx((precision, recall, f1))


def test_confusion_has_a_row_for_what_is_and_a_column_for_what_was_called() -> None:
    assert score(TRUTH.tolist(), CALLS.tolist()).confusion == ((2, 1, 1), (1, 2, 0), (0, 1, 0))


def test_one_mistake_is_in_its_truths_row() -> None:
    assert score([0], [2]).confusion == ((0, 0, 1), (0, 0, 0), (0, 0, 0))


def test_a_class_never_called_has_precision_zero() -> None:
    row = score([0, 1, 2], [0, 1, 1]).classes[2]
    assert (row.precision, row.recall, row.f1, row.pictures) == (0.0, 0.0, 0.0, 1)


def test_a_class_without_pictures_has_recall_zero_and_keeps_its_row() -> None:
    metrics = score([0, 1], [0, 2])
    assert [row.pictures for row in metrics.classes] == [1, 1, 0]
    assert metrics.classes[2].recall == 0.0
    assert metrics.confusion == ((1, 0, 0), (0, 0, 1), (0, 0, 0))


def test_all_correct_is_one_everywhere() -> None:
    metrics = score([0, 1, 2, 2], [0, 1, 2, 2])
    assert metrics.accuracy.value == 1.0
    assert {(row.precision, row.recall, row.f1) for row in metrics.classes} == {(1.0, 1.0, 1.0)}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_the_confusion_counts_every_picture_once(pairs: list[tuple[int, int]]) -> None:
    metrics = score([truth for truth, _ in pairs], [call for _, call in pairs])
    for truth in range(3):
        for call in range(3):
            assert metrics.confusion[truth][call] == pairs.count((truth, call))
    assert metrics.accuracy.correct == sum(metrics.confusion[i][i] for i in range(3))


def test_metrics_travel_as_json() -> None:
    metrics = score(TRUTH.tolist(), CALLS.tolist())
    assert Metrics.from_json(metrics.to_json()) == metrics
