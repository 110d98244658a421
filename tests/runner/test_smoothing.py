"""An answer holds until enough predictions say otherwise, and falls back to unknown."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecnn.errors import OptionError
from edgecnn.inference.classifier import Prediction
from edgecnn.model.spec import ModelSpec
from edgecnn.runner.smoothing import UNKNOWN, Smoother, Smoothing, parse_smoothing

SPEC = ModelSpec(("cat", "dog"), 8, 8, 1, reject_threshold=0.6, logit_ceiling=(9.0,))


def saying(label: str, probability: float = 0.9, logit: float = 1.0) -> Prediction:
    row = np.array([probability, 1 - probability], np.float32)
    known = SPEC.knows(probability, logit)
    return Prediction(label, probability, known, 1.0, row, SPEC.labels, logit)


def answers(smoothing: Smoothing, predictions: Sequence[Prediction | None]) -> list[str]:
    smoother = Smoother(smoothing)
    return [smoother.add(prediction, SPEC) for prediction in predictions]


CAT, DOG, DOUBTFUL = saying("cat"), saying("dog"), saying("cat", 0.55)


def test_without_smoothing_each_prediction_is_the_answer() -> None:
    assert answers(Smoothing(), [CAT, DOG, CAT]) == ["cat", "dog", "cat"]


def test_what_is_below_the_threshold_is_unknown() -> None:
    assert answers(Smoothing(), [CAT, DOUBTFUL]) == ["cat", UNKNOWN]


def test_what_is_above_the_ceiling_is_unknown_however_probable() -> None:
    assert answers(Smoothing(), [saying("cat", 0.99, logit=9.5)]) == [UNKNOWN]


def test_what_is_no_answer_is_unknown() -> None:
    assert answers(Smoothing(), [CAT, None]) == ["cat", UNKNOWN]


def test_an_answer_needs_its_votes_at_the_start_too() -> None:
    assert answers(Smoothing(3, 5), [CAT, CAT, CAT]) == [UNKNOWN, UNKNOWN, "cat"]


def test_a_flicker_does_not_change_the_answer() -> None:
    seen = [CAT, CAT, CAT, DOG, CAT, DOG, CAT, DOUBTFUL, CAT]
    assert answers(Smoothing(3, 5), seen)[2:] == ["cat"] * 7


def test_an_answer_changes_when_enough_of_the_last_say_so() -> None:
    assert answers(Smoothing(3, 5), [CAT] * 5 + [DOG] * 3)[-3:] == ["cat", "cat", "dog"]


def test_an_answer_is_forgotten_when_enough_of_the_last_are_unknown() -> None:
    assert answers(Smoothing(2, 3), [CAT, CAT, None, None])[-2:] == ["cat", UNKNOWN]


def test_hysteresis_keeps_the_answer_that_holds_and_lets_no_other_in() -> None:
    smoothing = Smoothing(hysteresis=0.1)
    doubtful_dog = saying("dog", 0.55)
    assert answers(smoothing, [DOUBTFUL, CAT, DOUBTFUL, doubtful_dog, DOUBTFUL]) == [
        UNKNOWN, "cat", "cat", UNKNOWN, UNKNOWN,
    ]  # fmt: skip


def test_hysteresis_does_not_lift_the_ceiling() -> None:
    strange = saying("cat", 0.99, logit=9.5)
    assert answers(Smoothing(hysteresis=0.3), [CAT, strange]) == ["cat", UNKNOWN]


@given(st.lists(st.sampled_from([CAT, DOG, None]), max_size=60), st.integers(1, 9))
def test_the_answer_never_changes_twice_within_the_votes_it_needs(
    seen: list[Prediction | None], votes: int
) -> None:
    found = answers(Smoothing(votes, 2 * votes - 1), seen)
    changes = [i for i, (a, b) in enumerate(pairwise([UNKNOWN, *found])) if a != b]
    # A majority of 2k - 1 votes holds k of them; to lose it takes at least one new vote, and
    # another answer needs k votes of its own.
    assert all(found[i] in ("cat", "dog", UNKNOWN) for i in changes)
    for i in changes:
        window = seen[max(0, i - 2 * votes + 2) : i + 1]
        votes_for = [p.label if p else UNKNOWN for p in window].count(found[i])
        assert votes_for >= votes


@pytest.mark.parametrize(("text", "smoothing"), [
    ("", Smoothing()), ("1/1", Smoothing()), ("3/5", Smoothing(3, 5)), ("5/5", Smoothing(5, 5)),
])  # fmt: skip
def test_smoothing_is_read_from_text(text: str, smoothing: Smoothing) -> None:
    assert parse_smoothing(text) == smoothing


@pytest.mark.parametrize("text", ["3", "2/5", "6/5", "0/0", "0/1", "a/b", "3/5/7", "-1/1", "3/"])
def test_what_is_no_majority_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="smooth") as refusal:
        parse_smoothing(text)
    assert "3/5" in refusal.value.remedy


@pytest.mark.parametrize("hysteresis", [-0.1, 1.0, float("nan")])
def test_a_hysteresis_that_is_no_probability_is_refused(hysteresis: float) -> None:
    with pytest.raises(OptionError, match="hysteresis"):
        Smoothing(hysteresis=hysteresis)
