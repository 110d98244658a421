"""A few pixels that `fit_frame` must give: how a file notices that its fit rule was changed.

Golden frames have the network's size already, so they say nothing about fitting. The picture fitted
here is made by arithmetic, the same everywhere, and is larger than any network's input.
"""

import base64
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink

PIXELS = 64
BAND = 256
"""Rows of the picture that are made at a time."""
LEVELS = {Shrink.AREA: 1, Shrink.GRID8: 0}
"""Levels by which a pixel may differ between CPU families."""


def probe(spec: ModelSpec) -> str:
    """Return `PIXELS` values of a fitted test picture, in base64."""
    values = fit_frame(_picture(spec), spec).ravel()
    return base64.b64encode(values[_places(values.size)].tobytes()).decode()


def fits(spec: ModelSpec, stored: str) -> bool:
    """Tell whether this machine fits frames by the spec's rule as the maker of `probe` did."""
    found, expected = _values(probe(spec)), _values(stored)
    if found.shape != expected.shape:
        return False
    return bool(np.abs(found - expected).max() <= LEVELS[spec.shrink])


def rules_of(spec: ModelSpec, stored: str) -> list[ModelSpec]:
    """Return the spec with every other rule that gives the stored values."""
    others = (replace(spec, fit=fit, shrink=shrink) for fit, shrink in product(Fit, Shrink))
    return [other for other in others if other != spec and fits(other, stored)]


def _picture(spec: ModelSpec) -> Frame:
    """Return a picture of finer grain than either rule, larger and wider than the input."""
    height, width = spec.height * 3 // 2 + 5, 3 * spec.width + 7
    picture = np.empty((height, width, 3), np.uint8)
    x = np.arange(width, dtype=np.uint32)
    for first in range(0, height, BAND):  # of the largest input, whole grains would take 2 GiB
        y = np.arange(first, min(first + BAND, height), dtype=np.uint32)[:, None]
        grain = y * y * 7 + x * x * 13 + x * y * 29  # (rows, w), wraps at 2**32
        for channel, shift in enumerate((3, 5, 4)):
            picture[first : first + BAND, :, channel] = grain >> shift
    return picture


def _places(size: int) -> npt.NDArray[np.intp]:
    return np.linspace(0, size - 1, min(size, PIXELS)).astype(np.intp)


def _values(stored: str) -> npt.NDArray[np.int16]:
    try:
        return np.frombuffer(base64.b64decode(stored), np.uint8).astype(np.int16)
    except ValueError:  # no base64
        return np.empty(0, np.int16)
