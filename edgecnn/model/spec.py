"""A model's inputs and outputs (`ModelSpec`), and the facts measured about it (`ModelCard`).

Both are frozen and travel inside the model file as JSON.
"""

import math
from dataclasses import dataclass, field
from enum import Enum

from edgecnn.errors import SpecError
from edgecnn.model.form import Form
from edgecnn.records import LATER, Record


class Fit(str, Enum):
    """How a frame of another aspect ratio is fitted to the network's input."""

    CROP = "center-crop"
    """The largest centered part with the network's aspect ratio. Nothing is distorted."""
    STRETCH = "stretch"
    """The whole frame, distorted if its aspect ratio differs."""
    LETTERBOX = "letterbox"
    """The whole frame, undistorted, on black."""


class Shrink(str, Enum):
    """The rule by which pixels are averaged when a frame is shrunk."""

    AREA = "area"
    """The reference: OpenCV's INTER_AREA over every pixel. It adds floats, so that a few pixels
    differ by one level between CPU families, and it takes longer than a small network."""
    GRID8 = "grid8"
    """The average of an 8x8 grid of source pixels for each target pixel. Close to AREA on camera
    frames, in a tenth of its time."""


@dataclass(frozen=True)
class ModelSpec(Record):
    """The input that a network expects, and the meaning of its outputs."""

    labels: tuple[str, ...]
    """Class names, in the order of the network's outputs."""
    height: int
    """Input height, pixels."""
    width: int
    """Input width, pixels."""
    channels: int
    """1: gray. 3: BGR, as OpenCV gives it."""
    fit: Fit = Fit.CROP
    """How a frame of another aspect ratio is fitted."""
    shrink: Shrink = Shrink.GRID8
    """The rule for shrinking."""
    reject_threshold: float = 0.0
    """A prediction less probable than this is not `known`."""
    logit_ceiling: tuple[float, ...] = field(default=(), metadata=LATER)
    """One number, or none. A frame whose largest logit is above it is not `known` either, however
    probable its label: no picture of the training data has such a large logit."""

    def __post_init__(self) -> None:
        """Refuse invalid values."""
        _demand(self.height >= 1 and self.width >= 1, f"input is {self.height}x{self.width} pixels")
        _demand(self.channels in (1, 3), f"input has {self.channels} channels, not 1 or 3")
        _demand(len(self.labels) >= 2, f"there are {len(self.labels)} labels, not 2 or more")
        bad = [name for name in self.labels if not name or not name.isprintable()]
        _demand(not bad, f"labels are empty or hold control characters: {bad}")
        repeated = sorted({name for name in self.labels if self.labels.count(name) > 1})
        _demand(not repeated, f"labels appear twice: {', '.join(repeated)}")
        _demand(0.0 <= self.reject_threshold < 1.0, f"threshold is {self.reject_threshold}")
        ceilings = self.logit_ceiling
        _demand(len(ceilings) <= 1 and all(map(math.isfinite, ceilings)), f"ceiling is {ceilings}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a fitted frame."""
        return self.height, self.width, self.channels

    def knows(self, probability: float, logit: float) -> bool:
        """Return whether a prediction is `known`, by its label's probability and logit."""
        return probability >= self.reject_threshold and all(logit <= c for c in self.logit_ceiling)


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of one form on one set of pictures, with its 95 % confidence interval."""

    form: str
    """fp32, fp16 or int8; or the framework of the original network, such as torch."""
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
        """Share of the pictures that are labelled correctly, 0 to 1."""
        return self.correct / self.total

    def __str__(self) -> str:
        interval = f"[{self.low:.2%}, {self.high:.2%}]"
        return f"{self.value:.2%} {interval} on {self.total} {self.split} pictures"


@dataclass(frozen=True)
class Known:
    """How many of a set of pictures are `known`, with the 95 % confidence interval of the share."""

    pictures: str
    """Which pictures: correctly or wrongly labelled, noise, or the name of another data set."""
    known: int
    total: int
    low: float
    """Lower end of the interval, 0 to 1."""
    high: float
    """Upper end of the interval, 0 to 1."""

    @property
    def value(self) -> float:
        """Share of the pictures that are known, 0 to 1."""
        return self.known / self.total

    def __str__(self) -> str:
        return f"{self.value:.2%} [{self.low:.2%}, {self.high:.2%}] of {self.total}"


@dataclass(frozen=True)
class Rejection:
    """How the reject threshold was chosen, and its measured effect."""

    temperature: float
    """Temperature scaling: the logits were divided by it, so that probabilities match accuracy."""
    keep: float
    """Requested share of correctly labelled pictures that stay known, 0 to 1."""
    known: tuple[Known, ...]
    """Measured on pictures that show a class, and on pictures that show none."""


@dataclass(frozen=True)
class ModelCard(Record):
    """Facts about a model that were measured when it was made."""

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
    """How the weights and activations were quantized, and why."""
    accuracy: tuple[Accuracy, ...]
    """Measured on pictures that were used for no decision."""
    parameters: int
    macs: dict[str, int]
    """Multiply-adds of each Conv, Gemm and MatMul for one frame, by node name."""
    versions: dict[str, str]
    """Versions of the packages that made the file, by name."""
    rejection: tuple[Rejection, ...] = field(default=(), metadata=LATER)
    """One, or none if every prediction is known."""
    gate: str = field(default="", metadata=LATER)
    """The gate's decision about accuracy, and its reason; empty if this form was not checked."""

    @property
    def is_adopted(self) -> bool:
        """Whether the model was made by another program; `recipe` then tells how it was adopted."""
        return self.recipe.startswith('{"adopted"')


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SpecError(f"the model's spec is unusable: {otherwise}", remedy="correct that value")
