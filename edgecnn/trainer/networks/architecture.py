"""The name and hyperparameters of a network, from which it can be built again."""

from dataclasses import dataclass

from edgecnn.errors import OptionError
from edgecnn.records import Record


@dataclass(frozen=True)
class Architecture(Record):
    """A network's name and hyperparameters. The defaults are those of the tutorial."""

    name: str = "article"
    widths: tuple[int, ...] = (32, 64, 64)
    """Output channels. article: of the convolutions. edge: of the stages."""
    depths: tuple[int, ...] = (1, 1, 1)
    """edge: residual blocks per stage; with 0, a stage is only its first convolution."""
    kernel: int = 3
    """Kernel size in pixels. article: of all convolutions. edge: of the blocks."""
    stride: int = 1
    """Stride in pixels. article: of all convolutions. edge: of the first one."""
    expansion: float = 1.0
    """edge: inner channels of a block over its outer channels."""
    dense: int = 64
    """article: units of the hidden dense layer."""

    def __post_init__(self) -> None:
        """Refuse values that no layer can have."""
        for name in ("widths", "kernel", "stride", "dense"):
            value = getattr(self, name)
            if min(value if isinstance(value, tuple) else (value,), default=1) < 1:
                raise OptionError(f"network {name} is {value}", remedy="give 1 or more")
        if min(self.depths, default=0) < 0:
            raise OptionError(f"network depths is {self.depths}", remedy="give 0 or more")
        if not 0 < self.expansion <= 16:
            raise OptionError(
                f"network expansion is {self.expansion}", remedy="give more than 0, up to 16"
            )
