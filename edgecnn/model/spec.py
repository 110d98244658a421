"""What a model wants and means (`ModelSpec`), and what was measured of it (`ModelCard`).

Both are frozen and travel inside the model file as JSON.
"""

import math
from dataclasses import dataclass, field
from enum import Enum

from edgecnn.errors import SpecError
from edgecnn.model.form import Form
from edgecnn.records import LATER, Record


class Fit(str, Enum):
    """How a frame of another shape is brought to the network's shape."""

    CROP = "center-crop"
    """The largest centered part with the network's aspect ratio. Nothing is distorted."""
    STRETCH = "stretch"
    """The whole frame, distorted if its aspect ratio differs."""
    LETTERBOX = "letterbox"
    """The whole frame, undistorted, on black."""


class Shrink(str, Enum):
    """The named rule by which pixels are averaged when a frame shrinks."""

    AREA = "area"
    """OpenCV's INTER_AREA over every pixel: the reference. It sums floats, so that a few pixels
    differ by a level between CPU families, and it costs more than a small network."""
    GRID8 = "grid8"
    """The average of an 8x8 grid of source pixels for each target pixel. Close to AREA on camera
    frames, at a tenth of its time."""


@dataclass(frozen=True)
class ModelSpec(Record):
    """What a frame must become before the network, and what its outputs mean."""

    labels: tuple[str, ...]
    """Class names; a name's position is its probability's index."""
    height: int
    """Input height, pixels."""
    width: int
    """Input width, pixels."""
    channels: int
    """1: gray. 3: BGR, as OpenCV gives it."""
    fit: Fit = Fit.CROP
    """How a frame of another shape is brought to size."""
    shrink: Shrink = Shrink.GRID8
    """The rule for shrinking."""
    reject_threshold: float = 0.0
    """A prediction less probable than this is not `known`."""
    logit_ceiling: tuple[float, ...] = field(default=(), metadata=LATER)
    """One, or none. A frame with a larger logit is not `known` either, however probable its label:
    it drives the network further than any picture that it learned from."""

    def __post_init__(self) -> None:
        """Refuse a spec that no frame could satisfy."""
        _demand(self.height >= 1 and self.width >= 1, f"input is {self.height}x{self.width} pixels")
        _demand(self.channels in (1, 3), f"input has {self.channels} channels, not 1 or 3")
        _demand(len(self.labels) >= 2, f"there are {len(self.labels)} labels, not 2 or more")
        odd = [name for name in self.labels if not name or not name.isprintable()]
        _demand(not odd, f"labels are empty or hold control characters: {odd}")
        repeated = sorted({name for name in self.labels if self.labels.count(name) > 1})
        _demand(not repeated, f"labels appear twice: {', '.join(repeated)}")
        _demand(0.0 <= self.reject_threshold < 1.0, f"threshold is {self.reject_threshold}")
        ceilings = self.logit_ceiling
        _demand(len(ceilings) <= 1 and all(map(math.isfinite, ceilings)), f"ceiling is {ceilings}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels of one fitted frame."""
        return self.height, self.width, self.channels

    def knows(self, probability: float, logit: float) -> bool:
        """Tell whether a label is `known`, by its probability and its logit."""
        return probability >= self.reject_threshold and all(logit <= c for c in self.logit_ceiling)


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of one form on one set of pictures, with its 95 % interval."""

    form: str
    """torch or where else the network is from, fp32, fp16 or int8."""
    split: str
    """test or validation."""
    correct: int
    total: int
    low: float
    """Lower end of the interval, 0 to 1."""
    high: float
    """Upper end of the interval, 0 to 1."""

    @property
    def value(self) -> float:
        """Return the share of pictures labelled correctly, 0 to 1."""
        return self.correct / self.total

    def __str__(self) -> str:
        interval = f"[{self.low:.2%}, {self.high:.2%}]"
        return f"{self.value:.2%} {interval} on {self.total} {self.split} pictures"


@dataclass(frozen=True)
class Known:
    """How many of some pictures a file calls known, with the 95 % interval of their share."""

    pictures: str
    """Which: those labelled rightly or wrongly, noise, or the name of another data set."""
    known: int
    total: int
    low: float
    """Lower end of the interval, 0 to 1."""
    high: float
    """Upper end of the interval, 0 to 1."""

    @property
    def value(self) -> float:
        """Return the share of pictures that are known, 0 to 1."""
        return self.known / self.total

    def __str__(self) -> str:
        return f"{self.value:.2%} [{self.low:.2%}, {self.high:.2%}] of {self.total}"


@dataclass(frozen=True)
class Rejection:
    """How the reject threshold was chosen, and what it does."""

    temperature: float
    """What the network's logits were divided by, so that it is as sure as it is right."""
    keep: float
    """Share of rightly labelled pictures that were to stay known, 0 to 1."""
    known: tuple[Known, ...]
    """Of pictures that belong to a class, and of pictures that belong to none."""


@dataclass(frozen=True)
class ModelCard(Record):
    """Facts about a model that do not change from run to run."""

    name: str
    """The model's name, without its form."""
    form: Form
    """The number format of this file."""
    dataset: str
    dataset_digest: str
    """SHA-256 over every fitted picture and label."""
    recipe: str
    """The recipe that made it, as JSON."""
    quantization: str
    """How the weights and activations were quantized, and why so."""
    accuracy: tuple[Accuracy, ...]
    """Measured on pictures that chose nothing."""
    parameters: int
    macs: dict[str, int]
    """Multiply-adds of each Conv, Gemm and MatMul for one frame, by node name."""
    versions: dict[str, str]
    """Packages that made the file."""
    rejection: tuple[Rejection, ...] = field(default=(), metadata=LATER)
    """One, or none where everything is known."""
    gate: str = field(default="", metadata=LATER)
    """The gate's verdict on accuracy and its reason. Empty: the form was not judged."""

    @property
    def is_adopted(self) -> bool:
        """Whether the model was made elsewhere: `recipe` says how it was adopted."""
        return self.recipe.startswith('{"adopted"')


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SpecError(f"the model's spec is unusable: {otherwise}", remedy="correct that value")
