"""A frame is due every so many seconds or frames, by the clock that the source has."""

import pytest

from collector.scenes import flat
from edgecnn.collector.sampling_interval import SamplingInterval, plan_interval
from edgecnn.errors import OptionError


def due_numbers(interval: SamplingInterval, frames: int) -> list[int]:
    black = flat(0, 0, 0)
    return [number for number, (_, due) in enumerate(interval([black] * frames)) if due]


def test_every_third_frame_is_due_from_the_first_on() -> None:
    assert due_numbers(plan_interval("3", "video.mp4", 25.0), 10) == [0, 3, 6, 9]


def test_the_seconds_of_a_video_are_its_own() -> None:
    assert due_numbers(plan_interval("0.5s", "video.mp4", 10.0), 20) == [0, 5, 10, 15]


def test_a_rate_that_is_no_whole_number_does_not_drift() -> None:
    assert due_numbers(plan_interval("0.5s", "video.mp4", 12.5), 30) == [0, 7, 13, 19, 25]


def test_seconds_shorter_than_a_frame_take_every_frame() -> None:
    assert due_numbers(plan_interval("0.01s", "video.mp4", 10.0), 4) == [0, 1, 2, 3]


def test_by_default_a_video_gives_two_frames_a_second_and_a_folder_all(
    tmp_path: object,
) -> None:
    assert due_numbers(plan_interval("", "video.mp4", 10.0), 20) == [0, 5, 10, 15]
    assert due_numbers(plan_interval("", str(tmp_path), 0.0), 3) == [0, 1, 2]
    assert due_numbers(plan_interval("", "one.png", 0.0), 1) == [0]


@pytest.mark.parametrize("source", ["0", "rtsp://camera/live", "pattern"])
def test_a_live_source_goes_by_the_clock(source: str) -> None:
    assert plan_interval("", source, 30.0) == SamplingInterval(0.5, by_clock=True)
    assert due_numbers(plan_interval("9999s", source, 30.0), 50) == [0]
    assert due_numbers(plan_interval("0.000000001s", source, 30.0), 50) == list(range(50))


@pytest.mark.parametrize("every", ["0", "0s", "-1", "5ms", "half", "1,5s", "s", "٣"])
def test_an_unreadable_distance_is_refused(every: str) -> None:
    with pytest.raises(OptionError, match="--every is") as refusal:
        plan_interval(every, "0", 30.0)
    assert repr(every) in refusal.value.what
    assert "0.5s" in refusal.value.remedy


@pytest.mark.parametrize("source", ["one.png", "video.mp4"])
def test_seconds_of_a_source_that_has_no_time_are_refused(source: str) -> None:
    with pytest.raises(OptionError, match="no known frame rate") as refusal:
        plan_interval("1s", source, 0.0)
    assert "--every in frames" in refusal.value.remedy
