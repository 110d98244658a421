"""Timing of forms: what is slow is called slow, and what is alike is rarely called otherwise."""

from pathlib import Path

import numpy as np
import pytest
from clocks import set_clock

from edgecnn.bench.clock import Ratio, ratio
from edgecnn.exporter.gate.efficiency import MISS, ROUNDS, SESSIONS, time_forms
from edgecnn.inference.classifier import Classifier
from edgecnn.model.frame import Frame

TRIALS, SEED = 400, 0


@pytest.mark.parametrize("truth", [0.5, 1.0, 4.8])
def test_the_ratio_is_that_of_the_form_over_fp32(
    truth: float, fp32: Path, int8: Path, frames: list[Frame]
) -> None:
    found = time_forms(lambda: Classifier(fp32), lambda: Classifier(int8), frames, set_clock(truth))
    assert found.whole == found.inference == Ratio(truth, truth, truth, SESSIONS * ROUNDS)
    assert found.fit_ms > 0


def test_every_session_is_opened_afresh_and_closed(
    fp32: Path, int8: Path, frames: list[Frame]
) -> None:
    opened: list[Classifier] = []

    def opener(path: Path) -> Classifier:
        opened.append(Classifier(path))
        return opened[-1]

    time_forms(lambda: opener(fp32), lambda: opener(int8), frames, set_clock(1.0))
    assert len(opened) == 2 * SESSIONS
    assert [one.model.path for one in opened[:4]] == [int8, fp32, fp32, int8]
    for classifier in opened:
        with pytest.raises(Exception, match="closed"):
            classifier(frames[0])


def test_identical_models_are_called_faster_or_slower_at_most_5_times_in_100() -> None:
    """Noise of a busy machine: slow spells that both calls share, spikes, each session's own."""
    random = np.random.default_rng(SEED)
    called = sum(_differs(random) for _ in range(TRIALS))
    assert 0 < called <= 0.05 * TRIALS


def _differs(random: np.random.Generator) -> bool:
    first, second = (np.concatenate(rows) for rows in zip(*_sessions(random), strict=True))
    found = ratio(first.tolist(), second.tolist(), MISS)
    return found.high < 1.0 or found.low > 1.0


def _sessions(random: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    rows = []
    for _ in range(SESSIONS):
        spell = np.cumsum(random.normal(0, 0.02, ROUNDS))
        own = random.normal(0, 0.002, 2)
        rows.append(tuple(_durations(random, spell + shift) for shift in own))
    return rows  # type: ignore[return-value]


def _durations(random: np.random.Generator, shift: np.ndarray) -> np.ndarray:
    """Return durations of calls, nanoseconds: a steady part, jitter, and a spike now and then."""
    jitter = random.normal(0, 0.03, ROUNDS)
    spikes = np.where(random.random(ROUNDS) < 0.03, random.exponential(2.0, ROUNDS), 0.0)
    return (70_000 * np.exp(shift + jitter + spikes)).astype(int)


def test_a_form_that_takes_5_in_100_longer_is_noticed_through_the_same_noise() -> None:
    random = np.random.default_rng(SEED)
    for _ in range(20):
        first, second = (np.concatenate(rows) for rows in zip(*_sessions(random), strict=True))
        assert ratio(first.tolist(), (second * 1.05).tolist(), MISS).low > 1.0
