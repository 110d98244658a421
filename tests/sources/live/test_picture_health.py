"""A problem of pictures is reported once, and reported again when it is over."""

import numpy as np
import pytest

from edgecnn.errors import SourceError
from edgecnn.model.frame import Frame
from edgecnn.sources.events import SourceEvent
from edgecnn.sources.live.picture_health import Health

BLACK = np.zeros((480, 640, 3), np.uint8)


def textured(seed: int) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (480, 640, 3), np.uint8)


def inspect(
    frames: list[Frame], fps: float = 10.0, claimed: float = 0.0
) -> list[tuple[float, SourceEvent]]:
    """Return the time and kind of each report on frames that arrive evenly."""
    health = Health(doubt_s=2.0, claimed_fps=claimed)
    times = [number / fps for number in range(len(frames))]
    return [
        (at, what) for at, f in zip(times, frames, strict=True) for what, _ in health.see(f, at)
    ]


def test_a_lively_picture_is_not_reported() -> None:
    assert inspect([textured(seed) for seed in range(50)]) == []


def test_the_same_picture_for_two_seconds_is_frozen_until_it_changes() -> None:
    frames = [*[textured(0)] * 30, textured(1), textured(2)]
    assert inspect(frames) == [(2.0, SourceEvent.FROZEN), (3.0, SourceEvent.SEEING)]


@pytest.mark.parametrize(("level", "word"), [(0, "black"), (255, "white"), (120, "of one shade")])
def test_a_picture_without_content_is_obstructed_though_it_has_noise(level: int, word: str) -> None:
    health, reported = Health(doubt_s=2.0), []
    for number in range(30):
        noise = np.random.default_rng(number).normal(0, 2, BLACK.shape)
        reported += health.see((level + noise).clip(0, 255).astype(np.uint8), number / 10)
    ((what, detail),) = reported
    assert what is SourceEvent.OBSTRUCTED
    assert word in detail


def test_a_lens_that_is_covered_and_uncovered_is_reported_each_time() -> None:
    seen = [textured(seed) for seed in range(3)]
    frames = [*seen, *[BLACK] * 30, *seen, *[BLACK] * 30]
    reported = [what for _, what in inspect(frames)]
    assert reported == [SourceEvent.OBSTRUCTED, SourceEvent.SEEING, SourceEvent.OBSTRUCTED]


def test_a_size_that_changes_is_reported_with_both() -> None:
    health = Health(doubt_s=2.0)
    assert health.see(textured(0), 0.0) == []
    assert health.see(textured(1)[:240, :320], 0.1) == [
        (SourceEvent.RESIZED, "640x480 became 320x240")
    ]
    assert health.see(textured(2)[:240, :320], 0.2) == []


@pytest.mark.parametrize(
    ("claimed", "reported"),
    [
        (30.0, [(2.0, SourceEvent.RATE)]),
        (8.0, [(2.0, SourceEvent.RATE)]),
        (10.0, []),
        (11.0, []),
        (0.0, []),
    ],
)
def test_a_rate_is_compared_with_its_claim_once(
    claimed: float, reported: list[tuple[float, SourceEvent]]
) -> None:
    assert inspect([textured(seed) for seed in range(60)], 10.0, claimed) == reported


def test_a_wrong_claim_is_reported_with_both_numbers() -> None:
    health, reported = Health(doubt_s=2.0, claimed_fps=30.0), []
    for number in range(21):
        reported += health.see(textured(number), number / 10)
    assert reported == [(SourceEvent.RATE, "claims 30 frames/s, gives 10")]


def test_a_corrupt_picture_is_reported_once() -> None:
    health = Health(doubt_s=2.0)
    assert [what for what, _ in health.see_corrupt(0.0)] == [SourceEvent.CORRUPT]
    assert health.see_corrupt(1.0) == []


def test_a_third_of_corrupt_pictures_is_accepted_and_more_than_half_is_not() -> None:
    health = Health(doubt_s=99.0)
    for number in range(60):
        if number % 3:
            health.see(BLACK, number / 10)
        else:
            health.see_corrupt(number / 10)
    with pytest.raises(SourceError, match="pictures were corrupt"):
        see_only_corrupt(health, from_s=6.0)


def see_only_corrupt(health: Health, from_s: float) -> None:
    for number in range(60):
        health.see_corrupt(from_s + number / 10)


def test_old_corrupt_pictures_are_forgotten() -> None:
    health = Health(doubt_s=99.0)
    for minute in range(20):
        health.see_corrupt(minute * 60.0)
