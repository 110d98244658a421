"""A data set in memory: fitted uint8 frames with labels, in three parts that share no picture."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from edgecnn.errors import DataError
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import ModelSpec

VALIDATION_SHARE = 1 / 6
"""Of the pictures not used for testing, when the user names no training size: MNIST's 10,000."""
TEST_SHARE = 1 / 5
"""Of all pictures, when the data set comes without a test part."""
SPLIT_SEED = 0
"""One split for every training seed, so that runs can be compared."""

SEVERAL = "give train/<class>/ folders with several pictures in each"


@dataclass(frozen=True)
class Origins:
    """The files that pictures were decoded from, in the same order."""

    paths: npt.NDArray[np.str_]
    """(n,) as the user finds them."""
    sizes: npt.NDArray[np.int32]
    """(n, 2) height and width before fitting, pixels."""

    def take(self, indexes: npt.NDArray[np.intp]) -> "Origins":
        """Return the origins at these positions, in that order."""
        return Origins(self.paths[indexes], self.sizes[indexes])


@dataclass(frozen=True)
class Pictures:
    """Frames and their labels, in the same order."""

    frames: Sequence[Frame] | Frame
    """Raw: any shapes. Fitted: one array (n, height, width, channels)."""
    labels: npt.NDArray[np.int64]
    """(n,) class indexes."""
    origins: Origins | None = None
    """None: the pictures are not files of their own."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indexes: npt.NDArray[np.intp]) -> "Pictures":
        """Return the pictures at these positions, in that order."""
        origins = self.origins and self.origins.take(indexes)
        if isinstance(self.frames, np.ndarray):
            return Pictures(self.frames[indexes], self.labels[indexes], origins)
        return Pictures([self.frames[i] for i in indexes], self.labels[indexes], origins)


@dataclass(frozen=True)
class RawDataset:
    """What a reader found: pictures of any size, parts that may be missing."""

    name: str
    labels: tuple[str, ...]
    shape: tuple[int, int, int]
    """Height, width, channels to train at, unless the user says otherwise."""
    train: Pictures
    validation: Pictures | None = None
    test: Pictures | None = None
    in_order: bool = False
    """The file's last training pictures are for validation, as MNIST's users do it."""
    problems: tuple[str, ...] = ()
    """One line for each file that could not be used."""


@dataclass(frozen=True)
class Dataset:
    """Three parts of fitted pictures."""

    name: str
    labels: tuple[str, ...]
    train: Pictures
    """What the weights and the calibration see."""
    validation: Pictures
    """What every choice is made on."""
    test: Pictures
    """Read once, at the end."""
    problems: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over every frame and label of the three parts."""
        sha = hashlib.sha256("\n".join(self.labels).encode())
        for part in (self.train, self.validation, self.test):
            sha.update(np.ascontiguousarray(part.frames).tobytes())
            sha.update(part.labels.tobytes())
        return sha.hexdigest()


def with_labels(dataset: Dataset, labels: tuple[str, ...]) -> Dataset:
    """Return a data set with the class indexes of a model, which may know more classes.

    Raises:
        DataError: The model does not know one of the data set's classes.
    """
    unknown = [name for name in dataset.labels if name not in labels]
    if unknown:
        raise DataError(
            f"data set {dataset.name!r} has classes {', '.join(dataset.labels[:20])}; "
            f"the model has {', '.join(labels[:20])}",
            remedy="give a data set whose classes are called as the model's",
        )
    indexes = np.array([labels.index(name) for name in dataset.labels])

    def renumbered(part: Pictures) -> Pictures:
        return replace(part, labels=indexes[part.labels])

    return replace(
        dataset,
        labels=labels,
        train=renumbered(dataset.train),
        validation=renumbered(dataset.validation),
        test=renumbered(dataset.test),
    )


def prepare(raw: RawDataset, spec: ModelSpec, train_size: int = 0) -> Dataset:
    """Split a raw data set where parts are missing, and fit every picture.

    Args:
        raw: What a reader found.
        spec: The model's input.
        train_size: Training pictures; the rest is for validation. 0: five sixths.

    Raises:
        DataError: It is too small to split, or cannot be split as `train_size` says.
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
    """Raise DataError for one class, a part or a class without pictures."""
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
            _refuse(raw, f"has no {name} pictures", "put some there, or remove that part")


def refuse_problems(name: str, problems: Sequence[str]) -> None:
    """Raise DataError if there is an unusable file, for users who want none left out."""
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise DataError(
            f"data set {name!r} has unusable files: {len(problems)}; {'; '.join(problems[:3])}"
            f"{more}",
            remedy="remove or replace them, or load it without strict",
        )


def _split(raw: RawDataset, pictures: Pictures, first: int) -> tuple[Pictures, Pictures]:
    """Split into `first` pictures and the rest: in file order, or seeded with equal shares."""
    indexes = np.arange(len(pictures))
    if not 0 < first < len(pictures):
        _refuse(
            raw,
            f"has {len(pictures)} pictures to split; {first} of them for training",
            f"give a training size from 1 to {len(pictures) - 1}"
            if len(pictures) > 2
            else "bring more pictures",
        )
    if raw.in_order:
        return pictures.take(indexes[:first]), pictures.take(indexes[first:])
    from sklearn.model_selection import train_test_split  # half a second, and seldom needed

    try:
        kept, held = train_test_split(
            indexes, train_size=first, stratify=pictures.labels, random_state=SPLIT_SEED
        )
    except ValueError:
        counts = np.bincount(pictures.labels, minlength=len(raw.labels))
        rarest = raw.labels[int(counts.argmin())]
        _refuse(
            raw,
            f"is too small to hold pictures of every class out: {len(pictures)} pictures, "
            f"{first} of them for training, {counts.min()} of {rarest!r}",
        )
    return pictures.take(kept), pictures.take(held)


def _fit(pictures: Pictures, spec: ModelSpec) -> Pictures:
    """Fit every frame: -> (n, height, width, channels)."""
    if isinstance(pictures.frames, np.ndarray) and pictures.frames.shape[1:] == spec.shape:
        return pictures
    fitted = np.empty((len(pictures), *spec.shape), np.uint8)
    for row, frame in zip(fitted, pictures.frames, strict=True):
        row[:] = fit_frame(frame, spec)
    return replace(pictures, frames=fitted)


def _refuse(raw: RawDataset, reason: str, remedy: str = SEVERAL) -> NoReturn:
    found = (
        f"; unusable files: {len(raw.problems)}, first {raw.problems[0]}" if raw.problems else ""
    )
    raise DataError(f"data set {raw.name!r} {reason}{found}", remedy=remedy)
