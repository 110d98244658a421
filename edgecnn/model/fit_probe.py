"""Detects that frames are fitted by another rule than the one that a model file was made with.

Golden frames already have the network's size, so they cannot test fitting. Therefore a file stores
a few pixels of a fitted test picture, which is computed by integer arithmetic, the same on every
machine, and is larger than the network's input.
"""

import base64
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink

PIXELS = 64
"""Number of stored values."""
BAND = 256
"""Rows of the test picture that are computed at a time."""
LEVELS = {Shrink.AREA: 1, Shrink.GRID8: 0}
"""Difference of a pixel between CPU families, in levels of 255, that is accepted."""


def probe(spec: ModelSpec) -> str:
    """Return `PIXELS` values of the fitted test picture, in base64."""
    values = fit_frame(_picture(spec), spec).ravel()
    return base64.b64encode(values[_places(values.size)].tobytes()).decode()


def fits(spec: ModelSpec, stored: str) -> bool:
    """Return whether this machine computes the stored pixels by the spec's rule."""
    found, expected = _values(probe(spec)), _values(stored)
    if found.shape != expected.shape:
        return False
    return bool(np.abs(found - expected).max() <= LEVELS[spec.shrink])


def rules_of(spec: ModelSpec, stored: str) -> list[ModelSpec]:
    """Return the spec with each other rule that computes the stored pixels."""
    others = (replace(spec, fit=fit, shrink=shrink) for fit, shrink in product(Fit, Shrink))
    return [other for other in others if other != spec and fits(other, stored)]


def _picture(spec: ModelSpec) -> Frame:
    """Return an (h, w, 3) test picture with fine detail, larger and wider than the input."""
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
