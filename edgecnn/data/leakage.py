"""Leakage: validation and test pictures that are also training pictures, exactly or nearly.

A perceptual hash finds candidate pairs; a comparison of their pixels decides. Leakage makes the
measured accuracy too high, because the model is tested on pictures it was trained on.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from edgecnn.data.dataset import Dataset, Pictures
from edgecnn.data.picture_hashes import Hashes, Indexes, candidates, difference_hash, is_rare
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink
from edgecnn.records import Record

THUMBNAIL = 32
"""Height and width in pixels at which pictures are compared; smaller ones are not resized."""

SAME_SCENE, PRACTICALLY_EQUAL = 0.30, 0.04
"""The largest difference of near-duplicates: with a rare hash, and with any hash.

Chosen by inspection: on CIFAR-10 every pair below the first is one photograph, cropped, compressed
or recoloured; on MNIST no two different digits are below the second.
"""

_BLOCK = 2**21  # pixel values compared at once


@dataclass(frozen=True)
class Leak(Record):
    """A held-out picture and the training picture that it resembles most."""

    part: str
    """validation or test."""
    picture: str
    """Its path, or its index in the part."""
    label: str
    train_picture: str
    train_label: str
    difference: float
    """Mean absolute difference of the pixels over the smaller contrast of the two; 0.0: equal."""


@dataclass(frozen=True)
class Leaks(Record):
    """The leaks of a data set."""

    exact: int
    """Number of held-out pictures whose fitted pixels equal those of a training picture."""
    near: int
    """Number of held-out pictures that are near-duplicates of a training picture."""
    pairs: tuple[Leak, ...]
    """One for each of these pictures, the exact ones first, then by difference."""


def find_leaks(dataset: Dataset) -> Leaks:
    """Find the validation and test pictures that are also training pictures, exactly or nearly.

    There may be more: cropped and mirrored copies are not found, and doubtful pairs are left out.

    Source: B. Barz and J. Denzler, "Do We Train on Test Data?", J. Imaging 6(6), 2020, which found
    such pictures in CIFAR-10.
    """
    train = _fingerprints(dataset.train, dataset.labels)
    found = (_leaks_of(dataset, part, train) for part in ("validation", "test"))
    pairs = sorted(chain.from_iterable(found), key=lambda leak: leak.difference)
    exact = sum(leak.difference == 0.0 for leak in pairs)
    return Leaks(exact, len(pairs) - exact, tuple(pairs))


@dataclass(frozen=True)
class _Fingerprints:
    """What the pictures of a part are compared by."""

    digests: list[bytes]
    """BLAKE2b of each picture's fitted pixels."""
    hashes: Hashes
    thumbnails: Frame
    """(n, h, w, c) uint8."""


def _fingerprints(pictures: Pictures, labels: tuple[str, ...]) -> _Fingerprints:
    frames = np.asarray(pictures.frames)
    digests = [hashlib.blake2b(np.ascontiguousarray(f).data).digest() for f in frames]
    return _Fingerprints(digests, difference_hash(frames, labels), _thumbnails(frames, labels))


def _thumbnails(frames: Frame, labels: tuple[str, ...]) -> Frame:
    if max(frames.shape[1:3]) <= THUMBNAIL:
        return frames
    spec = ModelSpec(labels, THUMBNAIL, THUMBNAIL, frames.shape[3], Fit.STRETCH, Shrink.AREA)
    return np.stack([fit_frame(frame, spec) for frame in frames])


def _leaks_of(dataset: Dataset, part: str, train: _Fingerprints) -> Iterator[Leak]:
    """Yield a leak for each picture of a part that is in the training part too."""
    pictures = dataset.part(part)
    held = _fingerprints(pictures, dataset.labels)
    first = {digest: i for i, digest in reversed(list(enumerate(train.digests)))}
    same = {i: (first[d], 0.0) for i, d in enumerate(held.digests) if d in first}
    for index, (twin, difference) in sorted({**_near(held, train), **same}.items()):
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


def _near(held: _Fingerprints, train: _Fingerprints) -> dict[int, tuple[int, float]]:
    """Return, by index of each near-duplicate, the most similar training picture and difference."""
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
    """Return the (pairs,) mean absolute differences, each over the smaller contrast of the pair."""
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), step := max(1, _BLOCK // held[0].size)):
        block = slice(start, start + step)
        a, b = held[rows[block]].astype(np.float32), train[columns[block]].astype(np.float32)
        contrast = np.minimum(_contrast(a), _contrast(b))
        found[block] = np.abs(a - b).mean((1, 2, 3)) / np.maximum(contrast, 1.0)
    return found


def _contrast(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the (n,) mean absolute deviations from each picture's mean, in levels of 255."""
    mean = frames.mean((1, 2, 3), keepdims=True)
    deviation: npt.NDArray[np.float32] = np.abs(frames - mean).mean((1, 2, 3))
    return deviation
