"""Held-out pictures that lie in the training part too, the same or nearly: leaks.

A perceptual hash finds candidates, their pixels decide. A leak makes a model look better than it
is: it is asked for what it was told.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.data.picture_hashes import Hashes, Indexes, candidates, difference_hash, is_rare
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink
from edgecnn.records import Record

THUMBNAIL = 32
"""Height and width that pictures are compared at, pixels; smaller ones stay as they are."""

SAME_SCENE, PRACTICALLY_EQUAL = 0.30, 0.04
"""The largest difference of near-duplicates whose hash is rare, and of all others.

Chosen by looking: on CIFAR-10 every pair below the first is one photograph, cut, compressed or
coloured in two ways; on MNIST no two digits are below the second.
"""

_BLOCK = 2**21  # values that are compared at once


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

    Cropped and mirrored copies are not found, and of the pictures that nearly are others only those
    that are so beyond doubt: there may be more.

    Source: that CIFAR-10 has such pictures: B. Barz and J. Denzler, "Do We Train on Test Data?",
    J. Imaging 6(6), 2020.
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
    hashes: Hashes
    thumbnails: Frame
    """(n, h, w, c)."""


def _look(pictures: Pictures, labels: tuple[str, ...]) -> _Look:
    frames = np.asarray(pictures.frames)
    digests = [hashlib.blake2b(np.ascontiguousarray(f).data).digest() for f in frames]
    return _Look(digests, difference_hash(frames, labels), _thumbnails(frames, labels))


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
    rows, columns, crowded = candidates(held.hashes, train.hashes)
    differences = _differences(held.thumbnails, train.thumbnails, rows, columns)
    found: dict[int, tuple[int, float]] = {}
    for i in np.argsort(differences, kind="stable"):
        row, difference = int(rows[i]), float(differences[i])
        if difference > SAME_SCENE:
            break
        if row in found or (difference > PRACTICALLY_EQUAL and crowded[row]):
            continue
        if difference <= PRACTICALLY_EQUAL or is_rare(held.hashes[row], train.hashes):
            found[row] = int(columns[i]), difference
        else:
            crowded[row] = True
    return found


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
