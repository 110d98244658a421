"""`data inspect`: what a data set holds, and what of it will hurt a model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.atomic import write_atomic
from edgecnn.data.catalog import InputOptions, load, read
from edgecnn.data.contact_sheet import contact_sheet
from edgecnn.data.dataset import Dataset
from edgecnn.data.leakage import Leaks, find_leaks
from edgecnn.exhaustive import assert_never
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.records import Record

SHEET = "contact-sheet.png"

FEW = 20
"""Training pictures of a class; fewer are worth a warning."""
UNEVEN = 3
"""Largest class over smallest; more is worth a warning."""
FAR_ABOVE, FAR_BELOW = 8, 0.5
"""Shorter side of the median picture over the input's side."""
MIXED = 0.1
"""Share of upright and of lying pictures from which on both are meant."""


@dataclass(frozen=True)
class ClassCount(Record):
    """Pictures of a class in each part."""

    label: str
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Spread(Record):
    """The smallest, the middle and the largest of some numbers."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Shapes(Record):
    """The shapes of pictures before they are fitted, after EXIF orientation."""

    width: Spread
    """Pixels."""
    height: Spread
    """Pixels."""
    aspect: Spread
    """Width over height."""
    lying: int
    """Pictures wider than high."""
    upright: int
    """Pictures higher than wide."""
    square: int


@dataclass(frozen=True)
class DataReport(Record):
    """What a data set holds."""

    data: str
    input: ModelSpec
    """The input that pictures were fitted for."""
    classes: tuple[ClassCount, ...]
    shapes: Shapes
    problems: tuple[str, ...]
    """One line for each file that cannot be used."""
    leaks: Leaks
    warnings: tuple[str, ...]
    """One sentence for each thing that will hurt a model."""
    sheet: str
    """Path of the contact sheet."""


def inspect_data(
    data: str, options: InputOptions, out: str | Path, *, strict: bool = False
) -> DataReport:
    """Look at a data set as training would see it.

    Args:
        data: What `load` takes.
        options: The input that pictures are fitted for.
        out: Folder for the contact sheet.
        strict: Refuse a data set with unusable files.

    Raises:
        NotFound, DataError: The data set is not there or unusable.
        DeviceError: `out` cannot be written.
    """
    dataset, spec = load(data, options, strict=strict)
    sheet = write_atomic(Path(out) / SHEET, contact_sheet(dataset))
    classes, shapes, leaks = _count(dataset), _shapes(_sizes(dataset, data)), find_leaks(dataset)
    warnings = (
        *_class_warnings(classes),
        *_shape_warnings(shapes, spec),
        *_leak_warnings(leaks),
    )
    return DataReport(
        data, spec, classes, shapes, dataset.problems, leaks, warnings, str(sheet)
    )  # fmt: skip


def class_warnings(dataset: Dataset) -> tuple[str, ...]:
    """Return a sentence for each class that is too small, too large or not held out."""
    return tuple(_class_warnings(_count(dataset)))


def _count(dataset: Dataset) -> tuple[ClassCount, ...]:
    counts = [
        np.bincount(part.labels, minlength=len(dataset.labels)).tolist()
        for part in (dataset.train, dataset.validation, dataset.test)
    ]
    return tuple(ClassCount(*row) for row in zip(dataset.labels, *counts, strict=True))


def _sizes(dataset: Dataset, data: str) -> npt.NDArray[np.int32]:
    """Return every picture's height and width before fitting: -> (n, 2) pixels."""
    parts = (dataset.train, dataset.validation, dataset.test)
    origins = [part.origins for part in parts if part.origins is not None]
    if origins:
        return np.concatenate([origin.sizes for origin in origins])
    pictures = sum(map(len, parts))
    return np.full((pictures, 2), read(data).shape[:2], np.int32)


def _shapes(sizes: npt.NDArray[np.int32]) -> Shapes:
    height, width = sizes[:, 0], sizes[:, 1]
    return Shapes(
        width=_spread(width),
        height=_spread(height),
        aspect=_spread(width / height),
        lying=int((width > height).sum()),
        upright=int((width < height).sum()),
        square=int((width == height).sum()),
    )


def _spread(values: npt.NDArray[np.floating] | npt.NDArray[np.integer]) -> Spread:
    low, median, high = np.quantile(values.astype(float), (0, 0.5, 1)).round(3).tolist()
    return Spread(low, median, high)


def _class_warnings(classes: tuple[ClassCount, ...]) -> list[str]:
    said = []
    few = [row for row in classes if row.train < FEW]
    if few:
        names = ", ".join(f"{row.label} {row.train}" for row in few[:5])
        more = f" and {len(few) - 5} more" if len(few) > 5 else ""
        said.append(f"fewer than {FEW} training pictures: {names}{more}")
    most, least = (pick(classes, key=lambda row: row.train) for pick in (max, min))
    if most.train > UNEVEN * least.train:
        said.append(
            f"{most.label} has {most.train / least.train:.1f} times as many training pictures as "
            f"{least.label}; balance = true in a recipe weights the sampling"
        )
    for part in ("validation", "test"):
        absent = [row.label for row in classes if getattr(row, part) == 0]
        if absent:
            said.append(f"{part} has no pictures of {', '.join(absent[:5])}")
    return said


def _shape_warnings(shapes: Shapes, spec: ModelSpec) -> list[str]:
    said = []
    side = min(shapes.width.median, shapes.height.median) / min(spec.height, spec.width)
    size = f"{shapes.width.median:g}x{shapes.height.median:g}"
    target = f"the input of {spec.width}x{spec.height}"
    if side > FAR_ABOVE:
        said.append(f"pictures of about {size} lose most of their detail in {target}; try --size")
    if side < FAR_BELOW:
        said.append(f"pictures of about {size} are enlarged for {target}; a smaller one is faster")
    pictures = shapes.lying + shapes.upright + shapes.square
    if min(shapes.lying, shapes.upright) > MIXED * pictures:
        said.append(
            f"{shapes.lying} pictures lie and {shapes.upright} stand upright{_cost(spec.fit)}"
        )
    return said


def _cost(fit: Fit) -> str:
    """Say what a fit does to pictures of mixed orientation."""
    match fit:
        case Fit.CROP:
            return "; center-crop cuts their ends off, letterbox keeps them"
        case Fit.STRETCH:
            return "; stretch distorts the two differently"
        case Fit.LETTERBOX:
            return ""
        case _:
            assert_never(fit)


def _leak_warnings(leaks: Leaks) -> list[str]:
    if not leaks.pairs:
        return []
    said = [
        f"{len(leaks.pairs)} validation or test pictures are training pictures too, {leaks.exact} "
        "exactly, the others nearly: what is measured on them is memory"
    ]
    other = [leak for leak in leaks.pairs if leak.label != leak.train_label]
    if other:
        said.append(
            f"{len(other)} of them have another label there: {other[0].picture} is "
            f"{other[0].label}, {other[0].train_picture} is {other[0].train_label}"
        )
    return said
