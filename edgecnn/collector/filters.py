"""What a frame must be to be kept: options, which cost nothing to import."""

from dataclasses import dataclass

from edgecnn.errors import OptionError


@dataclass(frozen=True)
class Filters:
    """What a frame must be to be kept. Zero switches a filter off."""

    min_sharpness: float = 0.25
    """Share of the median sharpness of the newest frames. Cameras, lenses and scenes differ many
    times over in absolute sharpness, so one number for all would be wrong for most. A scene that
    lasts becomes its own measure: what is blurred from start to end is not found out."""
    min_change: int = 5
    """Bits of 64 that must differ from every kept picture of the label."""

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
