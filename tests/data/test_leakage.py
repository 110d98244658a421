"""Leaks: planted ones are found, and pictures that only look plain are not accused."""

from collections.abc import Callable

import numpy as np
import pytest
from conftest import real_data
from picture_folders import encoded, scene

from edgecnn.data.catalog import InputOptions, load
from edgecnn.data.dataset import Dataset, Origins, Pictures
from edgecnn.data.leakage import Leaks, find_leaks
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, decode_picture

LABELS = ("ant", "bee")


def pictures(frames: list[Frame] | Frame) -> Pictures:
    return Pictures(np.stack(list(frames)), np.arange(len(frames)) % 2)


def scenes(first: int, count: int) -> list[Frame]:
    return [scene(i, 32, 32) for i in range(first, first + count)]


def dataset(train: list[Frame], validation: list[Frame], test: list[Frame]) -> Dataset:
    return Dataset(
        "scenes", LABELS, pictures(train), pictures(validation), pictures(test), ()
    )  # fmt: skip


def clean() -> tuple[list[Frame], list[Frame], list[Frame]]:
    return scenes(0, 300), scenes(1000, 50), scenes(2000, 60)


def found(leaks: Leaks) -> list[tuple[str, str, str]]:
    return [(leak.part, leak.picture, leak.train_picture) for leak in leaks.pairs]


def test_parts_that_share_nothing_have_no_leaks() -> None:
    assert find_leaks(dataset(*clean())) == Leaks(0, 0, ())


def test_a_copy_is_an_exact_leak_with_both_places_and_labels() -> None:
    train, validation, test = clean()
    validation[7], test[12] = train[101].copy(), train[0].copy()
    leaks = find_leaks(dataset(train, validation, test))
    assert (leaks.exact, leaks.near) == (2, 0)
    assert found(leaks) == [("validation", "7", "101"), ("test", "12", "0")]
    assert [(leak.label, leak.train_label) for leak in leaks.pairs] == [
        ("bee", "bee"), ("ant", "ant"),
    ]  # fmt: skip
    assert {leak.difference for leak in leaks.pairs} == {0.0}


def test_a_copy_under_another_label_is_said_to_be_one() -> None:
    train, validation, test = clean()
    test[3] = train[10].copy()
    (leak,) = find_leaks(dataset(train, validation, test)).pairs
    assert (leak.label, leak.train_label) == ("bee", "ant")


def brighter(frame: Frame) -> Frame:
    return np.asarray(np.clip(frame.astype(int) + 10, 0, 255), np.uint8)


def noisy(frame: Frame) -> Frame:
    noise = np.random.default_rng(0).integers(-12, 13, frame.shape)
    return np.clip(frame.astype(int) + noise, 0, 255).astype(np.uint8)


def compressed(frame: Frame) -> Frame:
    decoded = decode_picture(encoded(frame, ".jpg"))
    assert decoded is not None
    return decoded


def rescaled(frame: Frame) -> Frame:
    small = cv2.resize(frame, (20, 20), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (32, 32), interpolation=cv2.INTER_LINEAR), np.uint8)


@pytest.mark.parametrize("change", [brighter, noisy, compressed, rescaled])
def test_a_changed_copy_is_a_near_leak(change: Callable[[Frame], Frame]) -> None:
    train, validation, test = clean()
    for i in range(10):
        test[i] = change(train[20 * i])
    leaks = find_leaks(dataset(train, validation, test))
    assert (leaks.exact, leaks.near) == (0, 10)
    assert sorted(found(leaks)) == sorted(("test", str(i), str(20 * i)) for i in range(10))
    differences = [leak.difference for leak in leaks.pairs]
    assert differences[0] > 0
    assert differences == sorted(differences)


def test_frames_of_one_still_video_leak_although_there_are_many() -> None:
    train, validation, test = clean()
    random = np.random.default_rng(0)
    still = scene(5, 32, 32).astype(int)

    def shot() -> Frame:
        return np.clip(still + random.integers(-2, 3, still.shape), 0, 255).astype(np.uint8)

    train[:100] = [shot() for _ in range(100)]
    test[:20] = [shot() for _ in range(20)]
    leaks = find_leaks(dataset(train, validation, test))
    assert {leak.picture for leak in leaks.pairs} == {str(i) for i in range(20)}


def bars(seed: int, count: int) -> list[Frame]:
    """Return bright bars on black in a few places, each with its own grain, as digits are."""
    random = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        frame = np.zeros((28, 28, 1), np.uint8)
        left, top = random.integers(9, 16), random.integers(2, 7)
        frame[top : top + 16, left : left + 4] = random.integers(120, 256, (16, 4, 1))
        frames.append(frame)
    return frames


def test_plain_pictures_are_not_accused_although_they_look_alike() -> None:
    assert find_leaks(dataset(bars(0, 3000), bars(1, 300), bars(2, 300))) == Leaks(0, 0, ())


def test_a_copied_plain_picture_is_found_among_those_that_look_alike() -> None:
    train, test = bars(0, 3000), bars(2, 300)
    test[5] = train[7]
    leaks = find_leaks(dataset(train, bars(1, 300), test))
    assert found(leaks) == [("test", "5", "7")]
    assert leaks.exact == 1


def test_black_pictures_are_exact_copies_of_each_other() -> None:
    black = [np.zeros((32, 32, 3), np.uint8)]
    leaks = find_leaks(dataset(scenes(0, 50) + black * 50, scenes(99, 5), black * 9))
    assert (leaks.exact, leaks.near) == (9, 0)


def test_large_pictures_are_compared_small() -> None:
    def noisy_scene(seed: int, noise: int) -> Frame:
        random = np.random.default_rng(noise)
        grain = random.integers(-40, 41, (160, 160, 3))
        return np.clip(scene(seed, 160, 160).astype(int) + grain, 0, 255).astype(np.uint8)

    train = [noisy_scene(i, i) for i in range(60)]
    test = [noisy_scene(9, 1009), noisy_scene(200, 1200)]
    leaks = find_leaks(dataset(train, [noisy_scene(300, 1)], test))
    assert found(leaks) == [("test", "0", "9")]


def test_pictures_from_files_are_named_by_their_paths() -> None:
    train, validation, test = clean()
    test[0] = train[1]
    data = dataset(train, validation, test)

    def with_files(part: Pictures, name: str) -> Pictures:
        paths = np.array([f"{name}/{i}.png" for i in range(len(part))])
        return Pictures(part.frames, part.labels, Origins(paths, np.zeros((len(part), 2), "i4")))

    named = Dataset(
        "scenes", LABELS, with_files(data.train, "train"), with_files(data.validation, "val"),
        with_files(data.test, "test"), (),
    )  # fmt: skip
    assert found(find_leaks(named)) == [("test", "test/0.png", "train/1.png")]


def test_no_digit_of_mnist_is_accused() -> None:
    real_data("mnist")
    data, _ = load("mnist", InputOptions())
    assert find_leaks(data) == Leaks(0, 0, ())
