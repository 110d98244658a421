"""What a camera adds to a digit on a page: pen, colours, ruling, light, blur and noise.

Fields are float32 planes (H, W); a unit is the side of the centered square that `Fit.CROP` keeps.
"""

import functools
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.opencv import cv2

Plane = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

PEN_SCALE = 4
"""Pixels of a stroke field for each pixel of a digit."""
LUMA = np.array((0.114, 0.587, 0.299))
"""Weights of blue, green and red in gray."""
GRAIN_SHAPE = (3, 400, 640)
"""The sensor's grain: one tile, cut at a random place, because drawing it anew costs too much."""


class Ruling(Enum):
    """What is printed on the page."""

    NONE = 0
    LINES = 1
    SQUARES = 2


def camera_spec(side: int) -> ModelSpec:
    """Return what the frames are fitted to: gray, side x side, cropped, GRID8."""
    labels = tuple(str(digit) for digit in range(10))
    return ModelSpec(labels=labels, height=side, width=side, channels=1, fit=Fit.CROP)


def stroke_field(digit: npt.NDArray[np.uint8]) -> Plane:
    """Turn a (28, 28) digit into a smooth (112, 112) field: 1 amid a stroke, falling to 0.

    A level cuts strokes out of it, thick ones at a low level. Dividing by the peak nearby keeps
    faint strokes whole.
    """
    size = (PEN_SCALE * digit.shape[1], PEN_SCALE * digit.shape[0])
    field = cv2.resize(digit.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    field = cv2.GaussianBlur(field, (0, 0), 0.8 * PEN_SCALE)
    peak = cv2.dilate(field, np.ones((3 * PEN_SCALE, 3 * PEN_SCALE), np.uint8))
    peak = cv2.blur(peak, (2 * PEN_SCALE, 2 * PEN_SCALE))
    strokes: Plane = field / np.maximum(peak, 40.0)  # 40: what is fainter was not meant
    return strokes


def tinted(gray: float, strength: float, rng: np.random.Generator) -> Matrix:
    """Return a random BGR colour of exactly this gray; strength 0 is gray, 1 the limit."""
    hue = rng.standard_normal(3)
    hue -= LUMA @ hue
    room = np.where(hue > 0, 255.0 - gray, gray) / np.abs(hue)
    colour: Matrix = gray + strength * room.min() * hue
    return colour


def turned(degrees: float) -> Matrix:
    """Return the 3x3 rotation about the origin."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array(((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)))


def scaled(scale: float, x: float, y: float) -> Matrix:
    """Return the 3x3 enlargement followed by a move to (x, y)."""
    return np.array(((scale, 0.0, x), (0.0, scale, y), (0.0, 0.0, 1.0)))


def to_pixels(shape: tuple[int, int]) -> Matrix:
    """Return the 3x3 map from units to pixel centers of a frame that is wider than high."""
    height, width = shape
    return scaled(height, (width - height) // 2 - 0.5, -0.5)


def moved(points: npt.NDArray[np.floating], matrix: Matrix) -> Plane:
    """Map points (n, 2)."""
    mapped: Plane = cv2.perspectiveTransform(points.astype(np.float32)[None], matrix)[0]
    return mapped


def printed_lines(
    shape: tuple[int, int], page: Matrix, ruling: Ruling, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Draw the ruling of a page that `page` maps from units to pixels: (H, W), 255 on a line."""
    canvas = np.zeros(shape, np.uint8)
    distance, first = rng.uniform(0.08, 0.3), rng.uniform(-1.0, -0.9)
    places = np.arange(first, 2.0, distance)
    low, high = np.full_like(places, -1.0), np.full_like(places, 2.0)
    across = np.stack((low, places, high, places), 1).reshape(-1, 2)
    both = (across, across[:, ::-1])[: ruling.value]
    ends = moved(np.concatenate(both), page).reshape(-1, 2, 2)
    # OpenCV draws in 1/16 pixel.
    lines = list(np.round(16 * ends).astype(np.int32))
    width = int(rng.integers(1, 2 + int(distance / 0.12)))  # close lines are thin
    cv2.polylines(canvas, lines, False, 255, width, cv2.LINE_AA, 4)
    return canvas


def paper_texture(shape: tuple[int, int], levels: float, rng: np.random.Generator) -> Plane:
    """Draw stains and fibres: (H, W) of mean about 0 and this standard deviation."""
    height, width = shape
    stains = rng.standard_normal((5, 6), np.float32)
    fibres = rng.standard_normal((height // 3, width // int(rng.integers(3, 13))), np.float32)
    share = rng.random(dtype=np.float32)
    field = share * cv2.resize(stains, (width, height), interpolation=cv2.INTER_LINEAR)
    field += (1 - share) * cv2.resize(fibres, (width, height), interpolation=cv2.INTER_LINEAR)
    texture: Plane = field * np.float32(levels / max(float(field.std()), 1e-3))
    return texture


def light(shape: tuple[int, int], gradient: float, rng: np.random.Generator) -> Plane:
    """Draw the light's gain, from 1 down to 1 - gradient: linear, radial, or a soft shadow."""
    height, width = shape
    y, x = np.mgrid[0 : 1 : height // 10 * 1j, 0 : width / height : width // 10 * 1j]
    kind = rng.integers(3)
    angle = rng.uniform(0, 2 * np.pi)
    far = np.cos(angle) * x + np.sin(angle) * y
    if kind == 1:
        far = np.hypot(x - rng.uniform(0, width / height), y - rng.uniform())
    far = (far - far.min()) / np.ptp(far)
    if kind == 2:  # the shadow's edge is this wide
        edge = rng.uniform(0.1, 0.5)
        far = np.clip((far - rng.uniform(0.05, 0.95 - edge)) / edge, 0, 1)
        far = far * far * (3 - 2 * far)
    gain = (1 - gradient * far).astype(np.float32)
    enlarged: Plane = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
    return enlarged


def blurred(plane: Plane, sigma: float) -> Plane:
    """Blur a float32 plane (H, W) by a Gaussian of this sigma, pixels.

    Wide blurs are made on a smaller plane: shrinking and enlarging are part of the blur.
    """
    factor = 1
    while factor < 8 and sigma >= 1.5 * factor:
        factor *= 2
    if sigma < 0.2:
        return plane
    # A box of f pixels has variance (f^2 - 1) / 12, linear enlarging f^2 / 6.
    own = ((factor**2 - 1) / 12 + factor**2 / 6) if factor > 1 else 0.0
    height, width = plane.shape
    size = (round(width / factor), round(height / factor))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), (sigma**2 - own) ** 0.5 / factor)
    wide: Plane = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return wide


def coarse_noise(
    shape: tuple[int, int], side: int, sigma: float, rng: np.random.Generator
) -> Plane:
    """Draw gray noise (H, W) whose sigma is `sigma` levels after the frame was fitted to side."""
    height, width = shape
    cells = rng.standard_normal((side, side), np.float32)
    cells *= np.float32(sigma / fitted_share(height, side))
    square = cv2.resize(cells, (height, height), interpolation=cv2.INTER_NEAREST_EXACT)
    left = (width - height) // 2
    right = width - height - left
    noise: Plane = cv2.copyMakeBorder(square, 0, 0, left, right, cv2.BORDER_REFLECT)
    return noise


@functools.cache
def fitted_share(height: int, side: int) -> float:
    """Return how much of the sigma of enlarged cells is left after fitting.

    It is 1 where a cell is a whole number of pixels; elsewhere cells mix with their neighbours.
    """
    rng, spec = np.random.default_rng(0), camera_spec(side)
    before, after = 0.0, 0.0
    for _ in range(16):
        cells = np.clip(128 + 30 * rng.standard_normal((side, side)), 0, 255).astype(np.uint8)
        frame = cv2.resize(cells, (height, height), interpolation=cv2.INTER_NEAREST_EXACT)
        before, after = before + cells.var(), after + fit_frame(frame, spec).var()
    return float((after / before) ** 0.5)


def fine_grain(shape: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Cut the sensor's grain: (3, H, W) of sigma 1, independent between pixels and colours."""
    tile = _grain_tile()
    top = rng.integers(tile.shape[1] - shape[0] + 1)
    left = rng.integers(tile.shape[2] - shape[1] + 1)
    return tile[:, top : top + shape[0], left : left + shape[1]]


@functools.cache
def _grain_tile() -> Plane:
    return np.random.default_rng(0).standard_normal(GRAIN_SHAPE, np.float32)
