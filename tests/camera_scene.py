"""A digit on a page before a camera: what is drawn at random, and the picture of it.

Units are the side of the centered square that `Fit.CROP` keeps.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from camera_effects import (
    PEN_SCALE,
    Matrix,
    Plane,
    Ruling,
    blurred,
    coarse_noise,
    fine_grain,
    light,
    moved,
    paper_texture,
    printed_lines,
    scaled,
    stroke_field,
    tinted,
    to_pixels,
    turned,
)

from edgecnn.errors import DataError
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

SHAPES = ((240, 320), (240, 240), (270, 480))
"""Height and width of a frame, pixels; none is higher than wide, so CROP keeps the height."""
INK_HEIGHT = (0.3, 1.0)
"""Height of the ink, of the frame's height. What would be wider than the square is smaller."""
TURN_DEGREES = (-20.0, 20.0)
CORNER = 0.1
"""How far a corner of the page moves at most, of the square's side: the perspective."""
GRADIENT = (0.0, 0.5)
"""Share of the light that is missing where it is darkest."""
BLUR = (0.0, 1.5)
"""Sigma, pixels of the network's input."""
NOISE = (0.0, 15.0)
"""Sigma, levels of the network's input."""
CONTRAST = 60.0
"""Least difference between ink and paper before lighting, gray levels."""
PEN = (0.42, 0.75)
"""Level at which strokes are cut out of their field: thick to thin."""
TEXTURE = (0.0, 5.0)
"""Sigma of the paper's stains and fibres, levels."""
DESK_SHARE = 0.25
"""Share of the frames that show an edge of the page and what lies under it."""


@dataclass(frozen=True)
class Scene:
    """What one frame shows, besides the digit."""

    shape: tuple[int, int]
    ink_height: float
    turn_degrees: float
    corners: tuple[tuple[float, float], ...]
    """Where the page's corners move from (0, 0), (1, 0), (1, 1), (0, 1), units."""
    paper_gray: float
    ink_gray: float
    pen: float
    ruling: Ruling
    texture: float
    desk: bool
    gradient: float
    blur: float
    noise: float


@dataclass(frozen=True)
class Layer:
    """One colour where it covers what lies below."""

    cover: Plane
    """(H, W), 0 to 1."""
    colour: Matrix
    """(3,) BGR."""


def draw_scene(rng: np.random.Generator) -> Scene:
    """Draw a scene, uniform in the ranges above; dark ink or light ink, half each."""
    paper = rng.uniform(150.0, 250.0)
    # Pens are made to be seen: strong contrasts are a little more frequent than weak ones.
    ink = paper - CONTRAST - (paper - 5.0 - CONTRAST) * rng.random() ** 0.5
    if rng.random() < 0.5:
        paper, ink = 255.0 - paper, 255.0 - ink
    return Scene(
        shape=SHAPES[rng.integers(len(SHAPES))],
        ink_height=rng.uniform(*INK_HEIGHT),
        turn_degrees=rng.uniform(*TURN_DEGREES),
        corners=tuple((float(x), float(y)) for x, y in rng.uniform(-CORNER, CORNER, (4, 2))),
        paper_gray=paper,
        ink_gray=ink,
        pen=rng.uniform(*PEN),
        ruling=Ruling(int(rng.integers(len(Ruling)))),
        texture=rng.uniform(*TEXTURE),
        desk=bool(rng.random() < DESK_SHARE),
        gradient=rng.uniform(*GRADIENT),
        blur=rng.uniform(*BLUR),
        noise=rng.uniform(*NOISE),
    )


def paint(digit: npt.NDArray[np.uint8], scene: Scene, rng: np.random.Generator, side: int) -> Frame:
    """Paint a digit in a scene: (H, W, 3) BGR uint8."""
    strokes = stroke_field(digit)
    edge = 20.0 / (scene.ink_height * scene.shape[0])  # a pixel or two of the frame
    page = _page(scene)
    pen, box = _place_ink(strokes > scene.pen - edge / 2, scene, page, rng)
    ink = cv2.warpPerspective(strokes, pen, scene.shape[::-1], flags=cv2.INTER_LINEAR)
    ink = np.clip((ink - np.float32(scene.pen - edge / 2)) / np.float32(edge), 0, 1)
    layers = [Layer(ink, tinted(scene.ink_gray, rng.uniform(0, 0.9), rng))]
    if scene.ruling is not Ruling.NONE:
        layers.insert(0, _ruling(scene, page, rng))
    if scene.desk:
        layers.append(_desk(scene.shape, box, rng))
    return _photograph(layers, scene, rng, side)


def _page(scene: Scene) -> Matrix:
    """Return the page's perspective: units to units."""
    flat = np.array(((0, 0), (1, 0), (1, 1), (0, 1)), np.float32)
    seen = flat + np.array(scene.corners, np.float32)
    perspective: Matrix = cv2.getPerspectiveTransform(flat, seen)
    return perspective


def _place_ink(
    mask: npt.NDArray[np.bool_], scene: Scene, page: Matrix, rng: np.random.Generator
) -> tuple[Matrix, Plane]:
    """Put the ink somewhere in the square: the map from strokes to pixels, and its box (2, 2).

    The box has the scene's ink height, or the square's width if that is less, units.
    """
    if not mask.any():
        raise DataError("a digit has no ink", remedy="leave blank pictures out")
    points = cv2.convexHull(cv2.findNonZero(mask.astype(np.uint8)))[:, 0]
    middle = (points.min(0) + points.max(0)) / 2
    size, place = scene.ink_height, rng.random(2)
    center = size / 2 + place * (1 - size)
    # About where it belongs on the page, so that the perspective is that place's.
    rough = scaled(size / (20 * PEN_SCALE), *center) @ turned(scene.turn_degrees)
    rough = page @ rough @ scaled(1.0, *-middle)
    reached = moved(points, rough)
    extent = np.ptp(reached, 0)
    scale = min(size / extent[1], 1.0 / extent[0])
    start = place * (1 - scale * extent)
    exact = scaled(scale, *(start - scale * reached.min(0)))
    return to_pixels(scene.shape) @ exact @ rough, np.stack((start, start + scale * extent))


def _ruling(scene: Scene, page: Matrix, rng: np.random.Generator) -> Layer:
    """Print lines or squares, never as strong as the ink."""
    roll = rng.uniform() * scene.turn_degrees  # the rest is how the writer writes
    onto = to_pixels(scene.shape) @ page @ scaled(1, 0.5, 0.5) @ turned(roll)
    lines = printed_lines(scene.shape, onto @ scaled(1, -0.5, -0.5), scene.ruling, rng)
    gray = scene.paper_gray + rng.uniform(0.1, 0.45) * (scene.ink_gray - scene.paper_gray)
    return Layer(_share(lines), tinted(gray, rng.uniform(0, 0.9), rng))


def _desk(shape: tuple[int, int], box: Plane, rng: np.random.Generator) -> Layer:
    """Show the desk where the page ends: each corner up to CORNER inside, never over the ink."""
    room = np.minimum(np.stack((box[0], 1 - box[1])), CORNER)  # (left, top), (right, bottom)
    ends = np.array(((0, 0), (1, 0), (1, 1), (0, 1)))
    reach = np.stack((room[ends[:, 0], 0], room[ends[:, 1], 1]), 1) * rng.random((4, 2))
    corners = moved(ends + (1 - 2 * ends) * reach, to_pixels(shape))
    bare = np.full(shape, 255, np.uint8)
    cv2.fillConvexPoly(bare, np.round(16 * corners).astype(np.int32), 0, cv2.LINE_AA, 4)
    return Layer(_share(bare), tinted(rng.uniform(10, 245), 0.6 * rng.random() ** 2, rng))


def _photograph(layers: list[Layer], scene: Scene, rng: np.random.Generator, side: int) -> Frame:
    """Lay layers on the paper, light, blur and add noise: (H, W, 3) uint8.

    One colour after the other: a plane stays in the processor's cache.
    """
    shape, pixels = scene.shape, scene.shape[0] / side
    paper = tinted(scene.paper_gray, 0.5 * rng.random() ** 2, rng).astype(np.float32)
    texture, gain = paper_texture(shape, scene.texture, rng), light(shape, scene.gradient, rng)
    # Fine grain nearly vanishes when the frame is fitted; the coarse field makes the sigma true.
    coarse = coarse_noise(shape, side, scene.noise, rng)
    grain, fine = scene.noise * rng.uniform(0.2, 0.8), fine_grain(shape, rng)
    planes = []
    for colour in range(3):
        plane = _lay(texture + paper[colour], layers, colour)
        plane = blurred(cv2.multiply(plane, gain, dst=plane), scene.blur * pixels)
        plane = cv2.scaleAdd(fine[colour], grain, plane)
        planes.append(cv2.add(plane, coarse, dtype=cv2.CV_8U))  # rounds and clips
    frame: Frame = cv2.merge(planes)
    return frame


def _lay(plane: Plane, layers: list[Layer], colour: int) -> Plane:
    """Lay the layers' plane of one colour over a plane, in place."""
    for layer in layers:
        over = np.float32(layer.colour[colour]) - plane
        plane += cv2.multiply(over, layer.cover, dst=over)
    return plane


def _share(drawn: npt.NDArray[np.uint8]) -> Plane:
    return np.divide(drawn, np.float32(255))
