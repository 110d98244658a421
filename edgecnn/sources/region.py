"""A region of interest: the part of a frame that is classified."""

from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.model.frame import Frame
from edgecnn.records import Record


@dataclass(frozen=True)
class Region(Record):
    """A rectangle in shares of the frame, 0 to 1: valid for frames of any size."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a rectangle that is not within the frame, or has no area."""
        inside = self.left >= 0 and self.top >= 0 and self.width > 0 and self.height > 0
        limit = 1 + 1e-9  # the sum of two decimal fractions is rounded
        if not (inside and self.left + self.width <= limit and self.top + self.height <= limit):
            raise OptionError(
                f"the region {self} is not within the frame: it goes from {self.left:g} to "
                f"{self.left + self.width:g} across, from {self.top:g} to "
                f"{self.top + self.height:g} down",
                remedy="give left,top,width,height in shares of the frame; 0 and 1 are its edges",
            )

    def __str__(self) -> str:
        return f"{self.left:g},{self.top:g},{self.width:g},{self.height:g}"

    def pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in pixels, in a frame of that size; never empty."""
        left, top = int(self.left * width), int(self.top * height)
        right = max(left + 1, round((self.left + self.width) * width))
        bottom = max(top + 1, round((self.top + self.height) * height))
        return left, top, min(right, width), min(bottom, height)

    def crop(self, frame: Frame) -> Frame:
        """Return the region of an (H, W) or (H, W, C) frame, as a view."""
        if self == WHOLE:
            return frame
        left, top, right, bottom = self.pixels(*frame.shape[:2])
        return frame[top:bottom, left:right]


WHOLE = Region()


def parse_region(text: str) -> Region:
    """Parse a text like `0.25,0.1,0.5,0.8`; an empty text is the whole frame.

    Raises:
        OptionError: The text is not four numbers, or the rectangle is not within the frame.
    """
    if not text:
        return WHOLE
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4:
        raise OptionError(
            f"--roi is {text!r}", remedy="give left,top,width,height in shares: 0.25,0.1,0.5,0.8"
        )
    return Region(*numbers)
