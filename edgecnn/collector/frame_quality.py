"""Selecting frames to keep: not of one colour, not blurred, no near duplicates."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from statistics import median

from edgecnn.collector.difference_hash import COLUMNS, ROWS, difference_bits
from edgecnn.collector.filters import Filters
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2

MEASURED_SIZE = (320, 240)
"""Width and height at which a frame is measured. Blur that is invisible at this size does not
affect a network of this input size or smaller."""

MEDIAN_FRAMES = 121
"""Sharpness is compared with the median of this many frames: 4 s at 30 frames/s."""

FLAT_DEVIATION = 2.0
"""Gray levels. A frame has one colour if the standard deviation over a 32 x 32 grid, which averages
out noise, is less: a covered lens, an overexposed frame, a blank screen."""


class Selection(str, Enum):
    """Whether a frame was kept, or why not."""

    KEPT = "kept"
    ONE_COLOUR = "one_colour"
    BLURRED = "blurred"
    DUPLICATE = "near_duplicate"


@dataclass(frozen=True)
class FrameQuality:
    """Measurements of one frame."""

    flat: bool
    """Whether the frame has one colour."""
    sharpness: float
    """Variance of the Laplacian, (gray levels)^2."""
    difference_hash: int
    """The dHash, 64 bits."""


def measure_quality(frame: Frame) -> FrameQuality:
    """Measure a (H, W, 3) uint8 BGR frame of any size.

    Source: J. L. Pech-Pacheco, G. Cristobal, J. Chamorro-Martinez and J. Fernandez-Valdivia,
    "Diatom autofocusing in brightfield microscopy: a comparative study", ICPR 2000, for the
    variance of the Laplacian.
    """
    small = cv2.resize(frame, MEASURED_SIZE, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    grid = cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA)
    return FrameQuality(
        flat=bool(grid.std(axis=(0, 1)).max() < FLAT_DEVIATION),
        sharpness=float(cv2.Laplacian(gray, cv2.CV_64F).var()),
        difference_hash=difference_hash(gray),
    )


def difference_hash(gray: Frame) -> int:
    """Return the dHash of a (H, W) uint8 gray image as a 64-bit number."""
    cells = cv2.resize(gray, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return sum(1 << place for place, bit in enumerate(difference_bits(cells)) if bit)


class FrameSelector:
    """Selects the frames of one recording, and counts the dropped ones by reason.

    Args:
        filters: The thresholds.
        kept_hashes: dHash values of pictures that are kept already.
    """

    def __init__(self, filters: Filters, kept_hashes: Iterable[int] = ()) -> None:
        self.filters = filters
        self._selections: Counter[Selection] = Counter()
        self._kept = list(kept_hashes)
        self._sharpness: deque[float] = deque(maxlen=MEDIAN_FRAMES)

    @property
    def dropped(self) -> dict[str, int]:
        """How many frames were dropped so far, by reason."""
        reasons = (reason for reason in Selection if reason is not Selection.KEPT)
        return {reason.value: self._selections[reason] for reason in reasons}

    def measure(self, frame: Frame) -> FrameQuality:
        """Measure a (H, W, 3) uint8 BGR frame; its sharpness updates the median.

        Call it for every frame of the recording, also for those that `select` does not get.
        """
        quality = measure_quality(frame)
        if not quality.flat:
            self._sharpness.append(quality.sharpness)
        return quality

    def select(self, quality: FrameQuality) -> Selection:
        """Decide on a frame that was just measured; later frames must differ from kept ones."""
        selection = self._decide(quality)
        self._selections[selection] += 1
        if selection is Selection.KEPT:
            self._kept.append(quality.difference_hash)
        return selection

    def _decide(self, quality: FrameQuality) -> Selection:
        if quality.flat:
            return Selection.ONE_COLOUR
        if quality.sharpness < self.filters.min_sharpness * median(self._sharpness):
            return Selection.BLURRED
        distances = ((quality.difference_hash ^ kept).bit_count() for kept in self._kept)
        if any(distance < self.filters.min_change for distance in distances):
            return Selection.DUPLICATE
        return Selection.KEPT
