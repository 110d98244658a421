"""Splitting and fitting: three parts that share no picture, the same ones every time."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.data.dataset import PARTS, Dataset, Pictures, RawDataset, check_classes, prepare
from edgecnn.errors import DataError
from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import ModelSpec

SPEC = ModelSpec(labels=("ant", "bee", "wasp"), height=6, width=6, channels=1)


def numbered(counts: list[int], start: int = 0) -> Pictures:
    """Return pictures of each class, shuffled; each shows its own number and no other does."""
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = np.random.default_rng(start).permutation(labels).astype(np.int64)
    frames = np.zeros((len(labels), 6, 6, 1), np.uint8)
    for i, frame in enumerate(frames, start=start):
        frame[0, :4, 0] = np.frombuffer(i.to_bytes(4, "big"), np.uint8)
    return Pictures(frames, labels)


def numbers(pictures: Pictures) -> list[int]:
    """Read `numbered`'s numbers back."""
    return [int.from_bytes(frame[0, :4, 0].tobytes(), "big") for frame in pictures.frames]


def raw_of(counts: list[int], **parts: Pictures) -> RawDataset:
    return RawDataset("insects", SPEC.labels, SPEC.shape, numbered(counts), **parts)  # type: ignore[arg-type]


def splits(data: Dataset) -> list[Pictures]:
    return [data.train, data.validation, data.test]


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param(("validation", "test"), id="train only"),
        pytest.param(("test",), id="train and validation"),
        pytest.param(("validation",), id="train and test"),
        pytest.param((), id="all three"),
    ],
)
def test_the_three_parts_share_no_picture_and_lose_none(missing: tuple[str, ...]) -> None:
    own = {"validation": numbered([5, 6, 7], 1000), "test": numbered([8, 9, 10], 2000)}
    given_parts = {name: part for name, part in own.items() if name not in missing}
    raw = raw_of([20, 30, 40], **given_parts)
    data = prepare(raw, SPEC)
    seen = [number for part in splits(data) for number in numbers(part)]
    wanted = [number for part in (raw.train, *given_parts.values()) for number in numbers(part)]
    assert sorted(seen) == sorted(wanted)
    assert len(set(seen)) == len(seen)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(12, 60), min_size=3, max_size=3))
def test_any_class_sizes_split_into_parts_that_share_nothing(counts: list[int]) -> None:
    data = prepare(raw_of(counts), SPEC)
    seen = sorted(number for part in splits(data) for number in numbers(part))
    assert seen == list(range(sum(counts)))


def test_pictures_keep_their_labels_through_the_split() -> None:
    raw = raw_of([20, 30, 40])
    truth = dict(zip(numbers(raw.train), raw.train.labels.tolist(), strict=True))
    for part in splits(prepare(raw, SPEC)):
        assert [truth[number] for number in numbers(part)] == part.labels.tolist()


def test_parts_of_the_data_set_are_kept_as_they_are() -> None:
    validation, test = numbered([5, 6, 7], 1000), numbered([8, 9, 10], 2000)
    data = prepare(raw_of([20, 30, 40], validation=validation, test=test), SPEC)
    assert numbers(data.train) == list(range(90))
    assert numbers(data.validation) == numbers(validation)
    assert numbers(data.test) == numbers(test)


def test_splits_hold_equal_shares_of_every_class() -> None:
    counts = np.array([60, 120, 240])
    data = prepare(raw_of(counts.tolist()), SPEC)
    for part, share in zip(splits(data), (2 / 3, 2 / 15, 1 / 5), strict=True):
        found = np.bincount(part.labels, minlength=3)
        np.testing.assert_allclose(found, counts * share, atol=1)


def test_the_split_is_the_same_every_time() -> None:
    first, second = (prepare(raw_of([20, 30, 40]), SPEC) for _ in range(2))
    for a, b in zip(splits(first), splits(second), strict=True):
        assert numbers(a) == numbers(b)


def test_the_split_does_not_depend_on_numpys_global_seed() -> None:
    np.random.seed(1)  # noqa: NPY002
    first = numbers(prepare(raw_of([20, 30, 40]), SPEC).test)
    np.random.seed(2)  # noqa: NPY002
    assert numbers(prepare(raw_of([20, 30, 40]), SPEC).test) == first


def test_a_split_in_file_order_takes_the_last_pictures_for_validation() -> None:
    raw = replace(raw_of([20, 30, 40], test=numbered([3, 3, 3], 500)), in_order=True)
    data = prepare(raw, SPEC, train_size=70)
    assert numbers(data.train) == list(range(70))
    assert numbers(data.validation) == list(range(70, 90))


@pytest.mark.parametrize("train_size", [3, 36, 71, 87])
def test_train_size_is_honoured(train_size: int) -> None:
    data = prepare(raw_of([20, 30, 40], test=numbered([3, 3, 3], 500)), SPEC, train_size)
    assert (len(data.train), len(data.validation)) == (train_size, 90 - train_size)


@pytest.mark.parametrize("train_size", [-1, 90, 100_000], ids=["negative", "all", "too many"])
@pytest.mark.parametrize("in_order", [False, True])
def test_an_impossible_train_size_is_refused(train_size: int, in_order: bool) -> None:
    raw = replace(raw_of([20, 30, 40], test=numbered([3, 3, 3], 500)), in_order=in_order)
    with pytest.raises(DataError, match="has 90 pictures to split") as caught:
        prepare(raw, SPEC, train_size)
    assert str(train_size) in caught.value.what
    assert "1 to 89" in caught.value.remedy


@pytest.mark.parametrize("train_size", [1, 2, 88, 89])
def test_a_part_too_small_for_every_class_is_refused(train_size: int) -> None:
    raw = raw_of([20, 30, 40], test=numbered([3, 3, 3], 500))
    with pytest.raises(DataError, match="too small to hold out pictures of every class"):
        prepare(raw, SPEC, train_size)


def test_train_size_is_refused_where_the_data_set_has_its_own_validation_part() -> None:
    raw = raw_of([20, 30, 40], validation=numbered([3, 3, 3], 500))
    with pytest.raises(DataError, match="validation part of its own") as caught:
        prepare(raw, SPEC, train_size=50)
    assert caught.value.remedy == "leave the training size out"
    assert len(prepare(raw, SPEC).train) == 72


def test_pictures_of_any_size_are_fitted_by_fit_frame() -> None:
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (9 + i, 30 - i, 3), np.uint8) for i in range(12)]
    pictures = Pictures(frames, np.array([0, 1, 2] * 4))
    own = {"validation": pictures, "test": pictures}
    data = prepare(RawDataset("any", SPEC.labels, (32, 32, 3), pictures, **own), SPEC)  # type: ignore[arg-type]
    wanted = np.stack([fit_frame(frame, SPEC) for frame in frames])
    np.testing.assert_array_equal(data.train.frames, wanted)


def test_fitting_leaves_the_raw_pictures_alone() -> None:
    raw = raw_of([20, 30, 40])
    before = np.array(raw.train.frames)
    prepare(raw, replace(SPEC, height=12, width=12))
    np.testing.assert_array_equal(raw.train.frames, before)


def test_problems_and_names_are_carried_on() -> None:
    data = prepare(replace(raw_of([20, 30, 40]), problems=("a.png: broken",)), SPEC)
    assert (data.name, data.labels, data.problems) == ("insects", SPEC.labels, ("a.png: broken",))


def one_pixel(data: Dataset, part: str) -> Dataset:
    pictures = data.part(part)
    frames = np.array(pictures.frames)
    frames[-1, -1, -1, -1] ^= 1
    return replace(data, **{part: Pictures(frames, pictures.labels)})  # type: ignore[arg-type]


def one_label(data: Dataset, part: str) -> Dataset:
    pictures = data.part(part)
    labels = pictures.labels.copy()
    labels[0] = (labels[0] + 1) % 3
    return replace(data, **{part: Pictures(pictures.frames, labels)})  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [one_pixel, one_label], ids=["one pixel", "one label"])
@pytest.mark.parametrize("part", PARTS)
def test_the_digest_changes_with_one_pixel_or_label(
    change: Callable[[Dataset, str], Dataset], part: str
) -> None:
    data = prepare(raw_of([20, 30, 40]), SPEC)
    assert change(data, part).digest != data.digest


def test_the_digest_changes_with_the_name_of_a_class() -> None:
    data = prepare(raw_of([20, 30, 40]), SPEC)
    assert replace(data, labels=("ant", "bee", "hornet")).digest != data.digest


def test_the_digest_is_of_the_pictures_alone() -> None:
    data, again = (prepare(raw_of([20, 30, 40]), SPEC) for _ in range(2))
    assert again.digest == data.digest
    assert replace(again, name="other", problems=("x: broken",)).digest == data.digest
    assert len(data.digest) == 64


def test_the_digest_does_not_depend_on_memory_layout() -> None:
    data = prepare(raw_of([20, 30, 40]), SPEC)
    frames: npt.NDArray[np.uint8] = np.asfortranarray(data.train.frames)
    assert replace(data, train=Pictures(frames, data.train.labels)).digest == data.digest


@pytest.mark.parametrize(
    ("counts", "labels", "reason"),
    [
        pytest.param([0, 0, 0], SPEC.labels, "has no pictures", id="no pictures"),
        pytest.param([5], ("ant",), "one class, 'ant'", id="one class"),
        pytest.param([5, 0, 4], SPEC.labels, "no training pictures of 'bee'", id="empty class"),
        pytest.param([9, 0, 0], SPEC.labels, "of 'bee', 'wasp'", id="empty classes"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused(
    counts: list[int], labels: tuple[str, ...], reason: str
) -> None:
    raw = RawDataset("insects", labels, SPEC.shape, numbered(counts))
    with pytest.raises(DataError, match=reason) as caught:
        check_classes(raw)
    assert "'insects'" in caught.value.what


@pytest.mark.parametrize("part", ["validation", "test"])
def test_an_empty_part_is_refused(part: str) -> None:
    with pytest.raises(DataError, match=f"no {part} pictures") as caught:
        check_classes(raw_of([4, 4, 4], **{part: numbered([0, 0, 0])}))
    assert "or remove it" in caught.value.remedy


def test_too_few_pictures_to_hold_some_out_are_refused_with_the_rarest_class() -> None:
    with pytest.raises(DataError, match="too small to hold out pictures of every class") as caught:
        prepare(raw_of([4, 1, 4]), SPEC)
    assert "7 of them for training, and 1 of the rarest class, 'bee'" in caught.value.what
    assert "several pictures in each" in caught.value.remedy
    assert not re.search("train_size|n_classes|least populated|stratify", str(caught.value))


@pytest.mark.parametrize(("pictures", "remedy"), [(1, "add more"), (2, "add more"), (3, "1 to 2")])
def test_a_range_of_training_sizes_is_offered_only_if_there_is_one(
    pictures: int, remedy: str
) -> None:
    raw = replace(raw_of([pictures], test=numbered([3, 3, 3], 500)), in_order=True)
    with pytest.raises(DataError, match=f"has {pictures} pictures to split") as caught:
        prepare(raw, SPEC, train_size=9)
    assert remedy in caught.value.remedy
