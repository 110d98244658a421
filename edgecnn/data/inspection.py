"""`data inspect`: the classes, sizes and problems of a data set, with warnings about quality."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgecnn.atomic import write_atomic
from edgecnn.data.catalog import InputOptions, load, read
from edgecnn.data.contact_sheet import contact_sheet
from edgecnn.data.dataset import PARTS, Dataset
from edgecnn.data.leakage import Leaks, find_leaks
from edgecnn.exhaustive import assert_never
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.records import Record

SHEET = "contact-sheet.png"

FEW = 20
"""A class with fewer training pictures gives a warning."""
UNEVEN = 3
"""A larger ratio of the largest to the smallest class gives a warning."""
FAR_ABOVE, FAR_BELOW = 8, 0.5
"""Limits of the ratio of the median picture's shorter side to the input's shorter side."""
MIXED = 0.1
"""If both upright and landscape pictures exceed this share, the orientation is mixed."""


@dataclass(frozen=True)
class ClassCount(Record):
    """Number of pictures of a class in each part."""

    label: str
    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Spread(Record):
    """Minimum, median and maximum of some numbers."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Shapes(Record):
    """Sizes of the pictures before fitting, after EXIF orientation."""

    width: Spread
    """Pixels."""
    height: Spread
    """Pixels."""
    aspect: Spread
    """Width over height."""
    lying: int
    """Number of pictures that are wider than high."""
    upright: int
    """Number of pictures that are higher than wide."""
    square: int


@dataclass(frozen=True)
class DataReport(Record):
    """The result of `inspect_data`."""

    data: str
    input: ModelSpec
    """The input that the pictures were fitted to."""
    classes: tuple[ClassCount, ...]
    shapes: Shapes
    problems: tuple[str, ...]
    """One line for each file that cannot be used."""
    leaks: Leaks
    warnings: tuple[str, ...]
    """One sentence for each property that will make a model worse."""
    sheet: str
    """Path of the contact sheet."""


def inspect_data(
    data: str, options: InputOptions, out: str | Path, *, strict: bool = False
) -> DataReport:
    """Report on a data set as training would see it, and write a contact sheet.

    Args:
        data: What `load` takes.
        options: The input that the pictures are fitted to.
        out: Folder for the contact sheet.
        strict: Refuse a data set with unusable files.

    Raises:
        NotFound, DataError: The data set is not there or unusable.
        DeviceError: `out` cannot be written.
    """
    dataset, spec = load(data, options, strict=strict)
    sheet = write_atomic(Path(out) / SHEET, contact_sheet(dataset))
    classes, shapes, leaks = _count(dataset), _shapes(_sizes(dataset, data)), find_leaks(dataset)
    warnings = _class_warnings(classes) + _shape_warnings(shapes, spec) + _leak_warnings(leaks)
    return DataReport(
        data, spec, classes, shapes, dataset.problems, leaks, tuple(warnings), str(sheet)
    )


def class_warnings(dataset: Dataset) -> tuple[str, ...]:
    """Return a sentence for classes that are too small, too uneven, or missing in a part."""
    return tuple(_class_warnings(_count(dataset)))


def _count(dataset: Dataset) -> tuple[ClassCount, ...]:
    counts = [
        np.bincount(part.labels, minlength=len(dataset.labels)).tolist()
        for part in map(dataset.part, PARTS)
    ]
    return tuple(ClassCount(*row) for row in zip(dataset.labels, *counts, strict=True))


def _sizes(dataset: Dataset, data: str) -> npt.NDArray[np.int32]:
    """Return the (n, 2) heights and widths of all pictures before fitting, pixels."""
    parts = [dataset.part(name) for name in PARTS]
    sizes = [part.origins.sizes for part in parts if part.origins is not None]
    if sizes:
        return np.concatenate(sizes)
    return np.full((sum(map(len, parts)), 2), read(data).shape[:2], np.int32)


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
    warnings = []
    few = [row for row in classes if row.train < FEW]
    if few:
        names = ", ".join(f"{row.label} {row.train}" for row in few[:5])
        more = f" and {len(few) - 5} more" if len(few) > 5 else ""
        warnings.append(f"fewer than {FEW} training pictures: {names}{more}")
    most, least = (pick(classes, key=lambda row: row.train) for pick in (max, min))
    if most.train > UNEVEN * least.train:
        warnings.append(
            f"{most.label} has {most.train / least.train:.1f} times as many training pictures as "
            f"{least.label}; balance = true in the recipe draws all classes equally often"
        )
    for part in ("validation", "test"):
        absent = [row.label for row in classes if getattr(row, part) == 0]
        if absent:
            warnings.append(f"{part} has no pictures of {', '.join(absent[:5])}")
    return warnings


def _shape_warnings(shapes: Shapes, spec: ModelSpec) -> list[str]:
    warnings = []
    side = min(shapes.width.median, shapes.height.median) / min(spec.height, spec.width)
    size = f"{shapes.width.median:g}x{shapes.height.median:g}"
    target = f"the input of {spec.width}x{spec.height}"
    if side > FAR_ABOVE:
        warnings.append(
            f"pictures of about {size} lose most of their detail in {target}; try --size"
        )
    if side < FAR_BELOW:
        warnings.append(
            f"pictures of about {size} are enlarged for {target}; a smaller one is faster"
        )
    pictures = shapes.lying + shapes.upright + shapes.square
    if min(shapes.lying, shapes.upright) > MIXED * pictures:
        warnings.append(
            f"{shapes.lying} pictures lie and {shapes.upright} stand upright{_cost(spec.fit)}"
        )
    return warnings


def _cost(fit: Fit) -> str:
    """Return what a fit rule does to pictures of mixed orientation."""
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
    warnings = [
        f"{len(leaks.pairs)} validation or test pictures are training pictures too, {leaks.exact} "
        "exactly, the others nearly: what is measured on them is memory"
    ]
    other = [leak for leak in leaks.pairs if leak.label != leak.train_label]
    if other:
        warnings.append(
            f"{len(other)} of them have another label there: {other[0].picture} is "
            f"{other[0].label}, {other[0].train_picture} is {other[0].train_label}"
        )
    return warnings
