"""Which frames are worth keeping: not one colour, not blurred, not the same again."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from statistics import median

from edgecnn.collector.difference_hash import COLUMNS, ROWS, difference_bits
from edgecnn.collector.filters import Filters
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

LOOK_SIZE = (320, 240)
"""Width and height at which a frame is looked at. Blur that is gone here, a network of this size
or smaller does not see either."""

MEDIAN_FRAMES = 121
"""The sharpness of a frame is compared with so many newest ones: 4 s at 30 frames a second."""

FLAT_DEVIATION = 2.0
"""Gray levels. The standard deviation, over a grid whose cells average the noise away, below which
a picture has one colour: a covered lens, a blown-out frame, a blank screen."""


class Selection(str, Enum):
    """What becomes of a frame."""

    KEPT = "kept"
    ONE_COLOUR = "one_colour"
    BLURRED = "blurred"
    DUPLICATE = "near_duplicate"


@dataclass(frozen=True)
class FrameQuality:
    """What is measured of a frame."""

    flat: bool
    """It has one colour."""
    sharpness: float
    """Variance of the Laplacian, (gray levels)^2."""
    difference_hash: int
    """64 bits."""


def measure_quality(frame: Frame) -> FrameQuality:
    """Measure a (H, W, 3) BGR frame of any size.

    Source: J. L. Pech-Pacheco, G. Cristobal, J. Chamorro-Martinez and J. Fernandez-Valdivia,
    "Diatom autofocusing in brightfield microscopy: a comparative study", ICPR 2000, for the
    variance of the Laplacian.
    """
    small = cv2.resize(frame, LOOK_SIZE, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    grid = cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA)
    return FrameQuality(
        flat=bool(grid.std(axis=(0, 1)).max() < FLAT_DEVIATION),
        sharpness=float(cv2.Laplacian(gray, cv2.CV_64F).var()),
        difference_hash=difference_hash(gray),
    )


def difference_hash(gray: Frame) -> int:
    """Return the 64 bits of a (H, W) gray picture's dHash as a number."""
    cells = cv2.resize(gray, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return sum(1 << place for place, bit in enumerate(difference_bits(cells)) if bit)


class FrameSelector:
    """Judges the frames of one recording, and counts the verdicts."""

    def __init__(self, filters: Filters, kept_hashes: Iterable[int] = ()) -> None:
        self.filters = filters
        self._verdicts: Counter[Selection] = Counter()
        self._kept = list(kept_hashes)
        self._sharpness: deque[float] = deque(maxlen=MEDIAN_FRAMES)

    @property
    def dropped(self) -> dict[str, int]:
        """How many frames were dropped until now, by reason."""
        reasons = (verdict for verdict in Selection if verdict is not Selection.KEPT)
        return {reason.value: self._verdicts[reason] for reason in reasons}

    def see(self, frame: Frame) -> FrameQuality:
        """Measure a frame, wanted or not: each one tells how sharp this recording is."""
        look = measure_quality(frame)
        if not look.flat:
            self._sharpness.append(look.sharpness)
        return look

    def judge(self, look: FrameQuality) -> Selection:
        """Judge a frame that was just seen; one that is kept counts against all that follow."""
        verdict = self._verdict(look)
        self._verdicts[verdict] += 1
        if verdict is Selection.KEPT:
            self._kept.append(look.difference_hash)
        return verdict

    def _verdict(self, look: FrameQuality) -> Selection:
        if look.flat:
            return Selection.ONE_COLOUR
        if look.sharpness < self.filters.min_sharpness * median(self._sharpness):
            return Selection.BLURRED
        changes = ((look.difference_hash ^ kept).bit_count() for kept in self._kept)
        if any(change < self.filters.min_change for change in changes):
            return Selection.DUPLICATE
        return Selection.KEPT
