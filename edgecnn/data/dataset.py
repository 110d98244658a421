"""A data set in memory: fitted uint8 frames with labels, in three disjoint parts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from edgecnn.errors import DataError
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec

PARTS = ("train", "validation", "test")

VALIDATION_SHARE = 1 / 6
"""Share of the non-test pictures, if the user gives no training size: 10,000 of MNIST's 60,000."""
TEST_SHARE = 1 / 5
"""Share of all pictures, if the data set has no test part of its own."""
SPLIT_SEED = 0
"""The split does not depend on the training seed, so that runs with several seeds compare."""

SEVERAL = "give train/<class>/ folders with several pictures in each"


@dataclass(frozen=True)
class Origins:
    """The files that pictures were decoded from, in the order of the pictures."""

    paths: npt.NDArray[np.str_]
    """(n,) printable paths."""
    sizes: npt.NDArray[np.int32]
    """(n, 2) height and width in pixels, before fitting."""

    def take(self, indexes: npt.NDArray[np.intp]) -> "Origins":
        """Return the origins at these (m,) positions, in that order."""
        return Origins(self.paths[indexes], self.sizes[indexes])


@dataclass(frozen=True)
class Pictures:
    """Frames and their class indexes, in the same order."""

    frames: Sequence[Frame] | Frame
    """uint8. Raw: a list of (h, w, 3) arrays of any size. Fitted: one (n, h, w, c) array."""
    labels: npt.NDArray[np.int64]
    """(n,) class indexes."""
    origins: Origins | None = None
    """None if the pictures do not come from one file each, as in IDX files."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indexes: npt.NDArray[np.intp]) -> "Pictures":
        """Return the pictures at these (m,) positions, in that order."""
        origins = self.origins and self.origins.take(indexes)
        if isinstance(self.frames, np.ndarray):
            return Pictures(self.frames[indexes], self.labels[indexes], origins)
        return Pictures([self.frames[i] for i in indexes], self.labels[indexes], origins)


@dataclass(frozen=True)
class RawDataset:
    """A data set as it is stored: pictures of any size; validation and test may be missing."""

    name: str
    labels: tuple[str, ...]
    shape: tuple[int, int, int]
    """Default input of a model for this data set: height, width in pixels, channels."""
    train: Pictures
    validation: Pictures | None = None
    test: Pictures | None = None
    in_order: bool = False
    """Validate on the last training pictures instead of random ones, as is usual for MNIST."""
    problems: tuple[str, ...] = ()
    """One line for each file that could not be used."""


@dataclass(frozen=True)
class Dataset:
    """Fitted pictures in three parts."""

    name: str
    labels: tuple[str, ...]
    train: Pictures
    """For weights and for calibration."""
    validation: Pictures
    """For every decision: patience, the gate, thresholds."""
    test: Pictures
    """For the final figures only."""
    problems: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over every frame and label of the three parts."""
        sha = hashlib.sha256("\n".join(self.labels).encode())
        for part in map(self.part, PARTS):
            sha.update(np.ascontiguousarray(part.frames).tobytes())
            sha.update(part.labels.tobytes())
        return sha.hexdigest()

    def part(self, name: str) -> Pictures:
        """Return a part by its name in `PARTS`."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


def with_labels(dataset: Dataset, labels: tuple[str, ...]) -> Dataset:
    """Return the data set with a model's class indexes; the model may have more classes.

    Raises:
        DataError: The data set has a class that the model has not.
    """
    unknown = [name for name in dataset.labels if name not in labels]
    if unknown:
        raise DataError(
            f"data set {dataset.name!r} has classes {', '.join(dataset.labels[:20])}; "
            f"the model has {', '.join(labels[:20])}",
            remedy="give a data set whose class names are those of the model",
        )
    indexes = np.array([labels.index(name) for name in dataset.labels])

    parts = map(dataset.part, PARTS)
    train, validation, test = (replace(part, labels=indexes[part.labels]) for part in parts)
    return replace(dataset, labels=labels, train=train, validation=validation, test=test)


def prepare(raw: RawDataset, spec: ModelSpec, train_size: int = 0) -> Dataset:
    """Split off the parts that a data set lacks, and fit every picture.

    Args:
        raw: The data set as it is stored.
        spec: The model's input.
        train_size: Number of training pictures; the rest of the non-test pictures is for
            validation. 0: five sixths of them.

    Raises:
        DataError: There are too few pictures, or not enough for `train_size`.
    """
    if raw.test is None:
        rest, test = _split(raw, raw.train, round(len(raw.train) * (1 - TEST_SHARE)))
        raw = replace(raw, train=rest, test=test, in_order=False)
    assert raw.test is not None
    train, validation = raw.train, raw.validation
    if validation is None:
        size = train_size or round(len(train) * (1 - VALIDATION_SHARE))
        train, validation = _split(raw, train, size)
    elif train_size:
        _refuse(raw, "has a validation part of its own", "leave the training size out")
    train, validation, test = (_fit(part, spec) for part in (train, validation, raw.test))
    return Dataset(raw.name, raw.labels, train, validation, test, raw.problems)


def check_classes(raw: RawDataset) -> None:
    """Raise DataError if there is only one class, or a class or a part without pictures."""
    counts = np.bincount(raw.train.labels, minlength=len(raw.labels))
    if len(raw.train) == 0:
        _refuse(raw, "has no pictures")
    if len(raw.labels) < 2:
        _refuse(raw, f"has one class, {raw.labels[0]!r}; a classifier needs two or more")
    empty = [name for name, count in zip(raw.labels, counts, strict=True) if count == 0]
    if empty:
        _refuse(raw, f"has no training pictures of {', '.join(map(repr, empty))}")
    for name, part in (("validation", raw.validation), ("test", raw.test)):
        if part is not None and len(part) == 0:
            _refuse(
                raw, f"has no {name} pictures", f"put pictures into the {name} part, or remove it"
            )


def refuse_problems(name: str, problems: Sequence[str]) -> None:
    """Raise DataError if any file is unusable: the check of `strict`.

    Args:
        name: The data set's name, for the message.
        problems: One line for each unusable file.
    """
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise DataError(
            f"data set {name!r} has unusable files: {len(problems)}; {'; '.join(problems[:3])}"
            f"{more}",
            remedy="remove or replace them, or load it without strict",
        )


def _split(raw: RawDataset, pictures: Pictures, first: int) -> tuple[Pictures, Pictures]:
    """Split into `first` pictures and the rest: in file order, or randomly, stratified by class."""
    indexes = np.arange(len(pictures))
    if not 0 < first < len(pictures):
        most = len(pictures) - 1
        remedy = f"give a training size from 1 to {most}" if most > 1 else "add more pictures"
        _refuse(raw, f"has {most + 1} pictures to split; {first} of them for training", remedy)
    if raw.in_order:
        return pictures.take(indexes[:first]), pictures.take(indexes[first:])
    from sklearn.model_selection import train_test_split  # takes half a second to import

    try:
        kept, held_out = train_test_split(
            indexes, train_size=first, stratify=pictures.labels, random_state=SPLIT_SEED
        )
    except ValueError:
        counts = np.bincount(pictures.labels, minlength=len(raw.labels))
        rarest = raw.labels[int(counts.argmin())]
        _refuse(
            raw,
            f"is too small to hold out pictures of every class: it has {len(pictures)} pictures, "
            f"{first} of them for training, and {counts.min()} of the rarest class, {rarest!r}",
        )
    return pictures.take(kept), pictures.take(held_out)


def _fit(pictures: Pictures, spec: ModelSpec) -> Pictures:
    """Fit every frame to the spec: -> (n, height, width, channels)."""
    if isinstance(pictures.frames, np.ndarray) and pictures.frames.shape[1:] == spec.shape:
        return pictures
    fitted = np.empty((len(pictures), *spec.shape), np.uint8)
    for row, frame in zip(fitted, pictures.frames, strict=True):
        row[:] = fit_frame(frame, spec)
    return replace(pictures, frames=fitted)


def _refuse(raw: RawDataset, reason: str, remedy: str = SEVERAL) -> NoReturn:
    if raw.problems:
        reason += f"; unusable files: {len(raw.problems)}, first {raw.problems[0]}"
    raise DataError(f"data set {raw.name!r} {reason}", remedy=remedy)
