"""Thresholds of the frame filters. This module imports no OpenCV, so `--help` stays fast."""

from dataclasses import dataclass

from edgecnn.errors import OptionError


@dataclass(frozen=True)
class Filters:
    """Which frames are kept. Zero switches a filter off."""

    min_sharpness: float = 0.25
    """Least sharpness as a share of the median of recent frames. It is relative since cameras,
    lenses and scenes differ widely in absolute sharpness. So a recording that is blurred from start
    to end is not detected."""
    min_change: int = 5
    """How many of the 64 bits of a frame's dHash must differ from that of each kept picture."""

    def __post_init__(self) -> None:
        if not 0 <= self.min_sharpness < 1:
            raise OptionError(
                f"--min-sharpness is {self.min_sharpness}",
                remedy="give a share of the median, from 0 (keep all) to less than 1, like 0.25",
            )
        if not 0 <= self.min_change <= 64:
            raise OptionError(
                f"--min-change is {self.min_change}", remedy="give 0 (keep all) to 64 bits"
            )
