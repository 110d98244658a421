"""Frames are measured as the papers say, and judged by what the recording itself is like."""

import numpy as np
import pytest
from conftest import real_data

from collector.scenes import blurred, flat, noisy, scene
from edgecnn.collector.filters import Filters
from edgecnn.collector.frame_quality import (
    MEASURED_SIZE,
    MEDIAN_FRAMES,
    FrameSelector,
    Selection,
    difference_hash,
    measure_quality,
)
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, decode_picture

ANY = Filters(min_sharpness=0, min_change=0)


def select_all(selector: FrameSelector, frames: list[Frame]) -> list[Selection]:
    return [selector.select(selector.measure(frame)) for frame in frames]


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    frame = cv2.resize(scene(0), MEASURED_SIZE)
    gray = np.pad(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(float), 1, mode="reflect")
    laplacian = (
        gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * gray[1:-1, 1:-1]
    )
    assert measure_quality(frame).sharpness == pytest.approx(laplacian.var())


def test_a_photograph_is_less_sharp_the_more_it_is_blurred() -> None:
    path = next(iter(sorted(real_data("hymenoptera").rglob("*.jpg"))))
    photograph = decode_picture(path.read_bytes())
    assert photograph is not None
    blurs = [blurred(photograph, sigma) for sigma in (1, 2, 4, 8)]
    sharpness = [measure_quality(picture).sharpness for picture in (photograph, *blurs)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[-1] < sharpness[0] / 4


def test_the_difference_hash_has_a_bit_for_each_pair_of_neighbours() -> None:
    brighter = np.tile(np.arange(9, dtype=np.uint8) * 20, (8, 1))
    one_step = np.zeros((8, 9), np.uint8)
    one_step[1, 1:] = 200  # the 9th pair: row 1, between columns 0 and 1
    assert difference_hash(brighter) == 2**64 - 1
    assert difference_hash(np.ascontiguousarray(brighter[:, ::-1])) == 0
    assert difference_hash(one_step) == 1 << 8


def test_a_picture_has_nearly_the_same_hash_at_twice_the_size() -> None:
    small = scene(1)
    large = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    change = measure_quality(small).difference_hash ^ measure_quality(large).difference_hash
    assert change.bit_count() < Filters.min_change


@pytest.mark.parametrize("frame", [
    flat(0, 0, 0), flat(255, 255, 255), flat(200, 10, 30), noisy(flat(20, 20, 20), 0, sigma=10),
], ids=["black", "white", "blue", "a covered lens with noise"])  # fmt: skip
def test_a_frame_of_one_colour_is_dropped(frame: Frame) -> None:
    assert select_all(FrameSelector(ANY), [frame]) == [Selection.ONE_COLOUR]


def test_a_small_thing_on_a_white_table_is_more_than_one_colour() -> None:
    frame = flat(240, 240, 240)
    frame[100:130, 150:180] = 60
    assert select_all(FrameSelector(ANY), [frame]) == [Selection.KEPT]


def test_a_blurred_frame_among_sharp_ones_is_dropped() -> None:
    frames = [scene(0), scene(1), blurred(scene(2)), scene(3)]
    selections = select_all(FrameSelector(Filters()), frames)
    assert selections == [Selection.KEPT, Selection.KEPT, Selection.BLURRED, Selection.KEPT]


def test_frames_between_those_that_are_due_tell_how_sharp_the_recording_is() -> None:
    selector = FrameSelector(Filters())
    for seed in range(3):
        selector.measure(scene(seed))
    assert select_all(selector, [blurred(scene(9))]) == [Selection.BLURRED]


def test_a_camera_that_is_always_soft_is_its_own_measure() -> None:
    frames = [blurred(scene(seed)) for seed in range(5)]
    assert select_all(FrameSelector(Filters()), frames) == [Selection.KEPT] * 5


def test_a_smooth_scene_is_taken_once_it_lasts() -> None:
    selector = FrameSelector(Filters(min_change=0))
    sharp, smooth = scene(0), blurred(scene(1))
    for _ in range(MEDIAN_FRAMES):
        selector.measure(sharp)
    selections = select_all(selector, [smooth] * MEDIAN_FRAMES)
    assert selections[0] is Selection.BLURRED
    assert selections[-1] is Selection.KEPT


def test_black_frames_do_not_make_blurred_ones_look_sharp() -> None:
    frames = [scene(0), *[flat(0, 0, 0)] * 20, blurred(scene(1))]
    assert select_all(FrameSelector(Filters()), frames)[-1] is Selection.BLURRED


def test_the_same_scene_a_moment_later_is_a_near_duplicate() -> None:
    frames = [scene(0), noisy(scene(0), seed=1), scene(1), noisy(scene(0), seed=2)]
    assert select_all(FrameSelector(Filters()), frames) == [
        Selection.KEPT, Selection.DUPLICATE, Selection.KEPT, Selection.DUPLICATE,
    ]  # fmt: skip


def test_a_frame_like_one_of_an_earlier_recording_is_a_near_duplicate() -> None:
    selector = FrameSelector(Filters(), [measure_quality(scene(0)).difference_hash])
    assert select_all(selector, [scene(0), scene(1)]) == [Selection.DUPLICATE, Selection.KEPT]


def test_a_frame_that_was_dropped_does_not_count_against_others() -> None:
    frames = [scene(0), scene(1), blurred(scene(2)), scene(2)]
    assert select_all(FrameSelector(Filters()), frames)[2:] == [Selection.BLURRED, Selection.KEPT]


def test_zeros_switch_the_filters_off() -> None:
    frames = [scene(0), scene(0), blurred(scene(0))]
    assert select_all(FrameSelector(ANY), frames) == [Selection.KEPT] * 3


def test_every_reason_is_counted_and_those_that_never_came_are_zero() -> None:
    selector = FrameSelector(Filters())
    select_all(selector, [scene(0), scene(0), scene(0), flat(0, 0, 0)])
    assert selector.dropped == {"one_colour": 1, "blurred": 0, "near_duplicate": 2}


@pytest.mark.parametrize("video", ["car-detection.mp4", "bottle-detection.mp4"])
def test_sharp_footage_loses_no_frame_and_blurred_frames_in_it_are_found(video: str) -> None:
    selector = FrameSelector(Filters(min_change=0))
    capture = cv2.VideoCapture(str(real_data("video", video)))
    sharp: list[Selection] = []
    soft: list[Selection] = []
    for number in range(150):
        done, frame = capture.read()
        assert done
        sharp.append(selector.select(selector.measure(frame)))
        if number % 10 == 9:
            soft.append(selector.select(measure_quality(blurred(frame))))
    capture.release()
    assert set(sharp) == {Selection.KEPT}
    assert set(soft) == {Selection.BLURRED}
