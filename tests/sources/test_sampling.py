"""Which frames are sampled: by number, and on a grid of time. The clock is a list of numbers."""

import math
from itertools import pairwise

import pytest

from edgecnn.errors import OptionError
from edgecnn.sources.sampling import ALL, Sampler, Sampling


def wanted(sampling: Sampling, times_s: list[float]) -> list[int]:
    sampler = Sampler(sampling)
    return [i for i, at_s in enumerate(times_s) if sampler.wants(at_s)]


def camera(fps: float, frames: int, start_s: float = 1000.0) -> list[float]:
    return [start_s + i / fps for i in range(frames)]


def test_all_frames_are_wanted_by_default() -> None:
    assert wanted(ALL, camera(30, 10)) == list(range(10))


def test_each_third_frame_begins_with_the_first() -> None:
    assert wanted(Sampling(every=3), camera(30, 10)) == [0, 3, 6, 9]


@pytest.mark.parametrize("fps", [1.0, 7.0, 10.0, 24.0, 29.0])
def test_the_mean_rate_of_a_camera_is_the_given_limit(fps: float) -> None:
    assert len(wanted(Sampling(fps=fps), camera(30, 3000))) == pytest.approx(100 * fps, rel=0.02)


def test_a_camera_slower_than_the_limit_loses_nothing() -> None:
    assert wanted(Sampling(fps=30), camera(10, 50)) == list(range(50))


def test_after_a_pause_there_is_no_burst() -> None:
    times = [*camera(100, 10), *camera(100, 100, start_s=2000.0)]
    after = [i for i in wanted(Sampling(fps=10), times) if i >= 10]
    gaps = [times[b] - times[a] for a, b in pairwise(after)]
    assert min(gaps) > 0.04
    assert len(after) <= 11


def test_a_file_waits_for_its_time_and_loses_nothing() -> None:
    sampler, now_s, shown = Sampler(Sampling(fps=10)), 5.0, []
    for _ in range(4):
        now_s += sampler.delay_s(now_s)
        shown.append(round(now_s, 3))
        now_s += 0.01  # decoding
    assert shown == [5.0, 5.1, 5.2, 5.3]


def test_a_file_leaves_out_frames_only_by_their_number() -> None:
    sampler = Sampler(Sampling(every=2))
    assert [sampler.delay_s(1.0) for _ in range(4)] == [0.0, math.inf, 0.0, math.inf]


@pytest.mark.parametrize("given", [{"every": 0}, {"every": -1}, {"fps": -1.0}, {"fps": math.nan}])
def test_what_gives_no_frames_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="every="):
        Sampling(**given)  # type: ignore[arg-type]
