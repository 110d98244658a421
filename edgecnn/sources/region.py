"""A region of interest: the part of a frame that is classified."""

from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.model.frame import Frame
from edgecnn.records import Record


@dataclass(frozen=True)
class Region(Record):
    """A rectangle in shares of the frame, 0 to 1: it holds when the frame's size changes."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is not within a frame, or has no area."""
        inside = self.left >= 0 and self.top >= 0 and self.width > 0 and self.height > 0
        slack = 1 + 1e-9  # 0.7 + 0.3 is more than 1 for a computer
        if not (inside and self.left + self.width <= slack and self.top + self.height <= slack):
            raise OptionError(
                f"the region {self} is no part of a frame: it goes from {self.left:g} to "
                f"{self.left + self.width:g} across, from {self.top:g} to "
                f"{self.top + self.height:g} down",
                remedy="give left,top,width,height in shares of the frame; 0 and 1 are its edges",
            )

    def __str__(self) -> str:
        return f"{self.left:g},{self.top:g},{self.width:g},{self.height:g}"

    def pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in a frame of that size: at least one pixel."""
        left, top = int(self.left * width), int(self.top * height)
        right = max(left + 1, round((self.left + self.width) * width))
        bottom = max(top + 1, round((self.top + self.height) * height))
        return left, top, min(right, width), min(bottom, height)

    def crop(self, frame: Frame) -> Frame:
        """Return a view of the part of a (H, W) or (H, W, C) frame."""
        if self == WHOLE:
            return frame
        left, top, right, bottom = self.pixels(*frame.shape[:2])
        return frame[top:bottom, left:right]


WHOLE = Region()


def parse_region(text: str) -> Region:
    """Return the region of a text like `0.25,0.1,0.5,0.8`; the whole frame for no text.

    Raises:
        OptionError: There are not four numbers, or they are no part of a frame.
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
