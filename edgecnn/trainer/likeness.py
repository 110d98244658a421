"""Held-out pictures that lie in the training part too, the same or nearly: leaks.

A perceptual hash finds candidates, their pixels decide. A leak makes a model look better than it
is: it is asked for what it was told.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.frame import Frame, fit_frame
from edgecnn.records import Record
from edgecnn.spec import Fit, ModelSpec, Shrink
from edgecnn.trainer.dataset import Dataset, Pictures

THUMBNAIL = 32
"""Height and width that pictures are compared at, pixels; smaller ones stay as they are."""

BANDS = 6
"""Hashes that differ in five bits or fewer agree in one of six bands: the pigeonhole principle."""

MAX_BITS = 8
"""Candidates differ in this many of 64 bits or fewer."""

CANDIDATES = 4
"""Pairs of a held-out picture whose pixels are compared, in each band."""

RARE = 4
"""With more candidates than this, a hash says little: digits and plain pictures all look alike."""

SAME_SCENE, PRACTICALLY_EQUAL = 0.30, 0.04
"""The largest difference of near-duplicates whose hash is rare, and of all others.

Chosen by looking: on CIFAR-10 every pair below the first is one photograph, cut, compressed or
coloured in two ways; on MNIST no two digits are below the second.
"""

_BLOCK = 2**21  # pairs that are held in memory at once

_ONES = np.array([n.bit_count() for n in range(256)], np.uint8)


@dataclass(frozen=True)
class Leak(Record):
    """A held-out picture and the training picture that it resembles most."""

    part: str
    """validation or test."""
    picture: str
    """Its path, or its number in the part, from 0."""
    label: str
    train_picture: str
    train_label: str
    difference: float
    """Mean absolute difference of their pixels, as a share of their own contrast; 0.0: the same."""


@dataclass(frozen=True)
class Leaks(Record):
    """What validation and test share with the training part."""

    exact: int
    """Held-out pictures with the same pixels, once fitted, as a training picture."""
    near: int
    """Held-out pictures that are nearly a training picture."""
    pairs: tuple[Leak, ...]
    """One for each of them, exact ones first, then by difference."""


def find_leaks(dataset: Dataset) -> Leaks:
    """Find the validation and test pictures that are, exactly or nearly, training pictures.

    Cropped and mirrored copies are not found. The time grows with the number of pictures, not with
    its square.

    Source: dHash, N. Krawetz, "Kind of Like That", hackerfactor.com 2013; that CIFAR-10 has such
    pictures: B. Barz and J. Denzler, "Do We Train on Test Data?", J. Imaging 6(6), 2020.
    """
    train = _look(dataset.train, dataset.labels)
    pairs = [
        leak
        for part in ("validation", "test")
        for leak in _leaks_of(dataset, part, train)
    ]  # fmt: skip
    pairs.sort(key=lambda leak: leak.difference)
    exact = sum(leak.difference == 0.0 for leak in pairs)
    return Leaks(exact, len(pairs) - exact, tuple(pairs))


@dataclass(frozen=True)
class _Look:
    """How the pictures of a part look."""

    digests: list[bytes]
    """Of the fitted pixels."""
    bits: npt.NDArray[np.bool_]
    """(n, 64)."""
    thumbnails: Frame
    """(n, h, w, c)."""


def _look(pictures: Pictures, labels: tuple[str, ...]) -> _Look:
    frames = np.asarray(pictures.frames)
    digests = [hashlib.blake2b(np.ascontiguousarray(f).data).digest() for f in frames]
    return _Look(digests, difference_hash(frames, labels), _thumbnails(frames, labels))


def difference_hash(frames: Frame, labels: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Return the (n, 64) bits of fitted pictures' dHash: is a place brighter than its left?

    Args:
        frames: (n, h, w, c) uint8.
        labels: Any two names.
    """
    spec = ModelSpec(labels, 8, 9, 1, Fit.STRETCH, Shrink.AREA)
    small = np.stack([fit_frame(frame, spec) for frame in frames])[..., 0]  # (n, 8, 9)
    return (small[:, :, 1:] > small[:, :, :-1]).reshape(len(frames), 64)


def _thumbnails(frames: Frame, labels: tuple[str, ...]) -> Frame:
    if max(frames.shape[1:3]) <= THUMBNAIL:
        return frames
    spec = ModelSpec(labels, THUMBNAIL, THUMBNAIL, frames.shape[3], Fit.STRETCH, Shrink.AREA)
    return np.stack([fit_frame(frame, spec) for frame in frames])


def _leaks_of(dataset: Dataset, part: str, train: _Look) -> Iterator[Leak]:
    """Yield a leak for each picture of a part that has one."""
    pictures: Pictures = getattr(dataset, part)
    look = _look(pictures, dataset.labels)
    first = {digest: i for i, digest in reversed(list(enumerate(train.digests)))}
    same = {i: (first[d], 0.0) for i, d in enumerate(look.digests) if d in first}
    for index, (twin, difference) in sorted({**_near(look, train), **same}.items()):
        yield Leak(
            part,
            _name(pictures, index),
            dataset.labels[pictures.labels[index]],
            _name(dataset.train, twin),
            dataset.labels[dataset.train.labels[twin]],
            round(difference, 4),
        )


def _name(pictures: Pictures, index: int) -> str:
    return str(index) if pictures.origins is None else str(pictures.origins.paths[index])


def _near(held: _Look, train: _Look) -> dict[int, tuple[int, float]]:
    """Return the most alike training picture, and the difference, of near-duplicates by index."""
    packed_held, packed_train = np.packbits(held.bits, 1), np.packbits(train.bits, 1)  # (n, 8)
    rows, columns, crowded = _candidates(held.bits, train.bits, packed_held, packed_train)
    differences = _differences(held.thumbnails, train.thumbnails, rows, columns)
    found: dict[int, tuple[int, float]] = {}
    for i in np.argsort(differences, kind="stable"):
        row, difference = int(rows[i]), float(differences[i])
        if difference > SAME_SCENE:
            break
        if difference > PRACTICALLY_EQUAL and not crowded[row]:
            crowded[row] = _count_near(packed_held[row], packed_train) > RARE
        if row not in found and (difference <= PRACTICALLY_EQUAL or not crowded[row]):
            found[row] = int(columns[i]), difference
    return found


def _count_near(row: npt.NDArray[np.uint8], train: npt.NDArray[np.uint8]) -> int:
    """Count the training pictures with about this hash, in bytes."""
    return int((_ONES[train ^ row].sum(1) <= MAX_BITS).sum())


Indexes = npt.NDArray[np.intp]


def _candidates(
    held: npt.NDArray[np.bool_],
    train: npt.NDArray[np.bool_],
    packed_held: npt.NDArray[np.uint8],
    packed_train: npt.NDArray[np.uint8],
) -> tuple[Indexes, Indexes, npt.NDArray[np.bool_]]:
    """Return the held-out and training index of the pairs with the nearest hashes, a few for each.

    And for each held-out picture, whether its hash is seen not to be rare.
    """
    found = [np.empty((2, 0), np.intp)]
    crowded = np.zeros(len(held), np.bool_)
    for band in range(BANDS):
        # Every sixth bit: neighbouring bits of plain pictures agree too often.
        keys = [_numbers(bits[:, band::BANDS]) for bits in (held, train)]
        for rows, columns in _same_key(*keys):
            bits = _ONES[packed_held[rows] ^ packed_train[columns]].sum(1)
            near = bits <= MAX_BITS
            found.append(_nearest(rows[near], columns[near], bits[near]))
            crowded |= np.bincount(rows[near], minlength=len(held)) > RARE
    pairs = np.unique(np.concatenate(found, axis=1).T @ (len(train), 1))
    return pairs // len(train), pairs % len(train), crowded


def _nearest(rows: Indexes, columns: Indexes, bits: npt.NDArray[np.integer]) -> Indexes:
    """Keep, of sorted rows, the pairs with the fewest differing bits: -> (2, pairs)."""
    order = np.lexsort((bits, rows))
    _, starts, counts = np.unique(rows, return_index=True, return_counts=True)
    kept = order[np.arange(len(rows)) - np.repeat(starts, counts) < CANDIDATES]
    return np.stack([rows[kept], columns[kept]])


def _numbers(bits: npt.NDArray[np.bool_]) -> Indexes:
    return bits @ (1 << np.arange(bits.shape[1], dtype=np.intp))


def _same_key(held: Indexes, train: Indexes) -> Iterator[tuple[Indexes, Indexes]]:
    """Yield index pairs with equal keys, block by block, so many at most for each held-out one."""
    order = np.argsort(train, kind="stable")
    low, high = (np.searchsorted(train[order], held, side) for side in ("left", "right"))
    most = max(256, len(train) // 512)  # plain pictures share one key: keep the time linear
    counts = np.minimum(high - low, most)
    for start in range(0, len(held), step := max(1, _BLOCK // most)):
        count = counts[start : start + step]
        rows = np.repeat(np.arange(start, start + len(count)), count)
        steps = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        yield rows, order[low[rows] + steps]


def _differences(
    held: Frame, train: Frame, rows: Indexes, columns: Indexes
) -> npt.NDArray[np.float32]:
    """Return each pair's mean absolute difference over the smaller contrast of the two."""
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), step := max(1, _BLOCK // held[0].size)):
        block = slice(start, start + step)
        a, b = held[rows[block]].astype(np.float32), train[columns[block]].astype(np.float32)
        contrast = np.minimum(_contrast(a), _contrast(b))
        found[block] = np.abs(a - b).mean((1, 2, 3)) / np.maximum(contrast, 1.0)
    return found


def _contrast(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the mean absolute deviation from each picture's own mean, levels: -> (n,)."""
    mean = frames.mean((1, 2, 3), keepdims=True)
    deviation: npt.NDArray[np.float32] = np.abs(frames - mean).mean((1, 2, 3))
    return deviation
