"""A model's inputs and outputs (`ModelSpec`), and the facts measured about it (`ModelCard`).

Both are frozen and travel inside the model file as JSON.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from edgecnn.model.form import Form
from edgecnn.model.limits import (
    MAX_LABELS,
    MAX_LAYERS,
    MAX_NAME,
    MAX_PIXELS,
    MAX_ROWS,
    MAX_SIDE,
    MAX_TEXT,
    demand,
    demand_card,
    demand_count,
    demand_interval,
    demand_length,
    demand_share,
    is_usable,
)
from edgecnn.records import LATER, Record

SHOWN = 5
"""Labels that a message names."""


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
        """Refuse invalid values, and sizes above those of `limits`."""
        size = f"input is {self.height}x{self.width} pixels"
        _demand(self.height >= 1 and self.width >= 1, size)
        fits = max(self.height, self.width) <= MAX_SIDE and self.height * self.width <= MAX_PIXELS
        _demand(fits, f"{size}; allowed are {MAX_SIDE} a side and {MAX_PIXELS:,} in all")
        _demand(self.channels in (1, 3), f"input has {self.channels} channels, not 1 or 3")
        _demand(0.0 <= self.reject_threshold < 1.0, f"threshold is {self.reject_threshold}")
        ceilings = self.logit_ceiling[:2]
        _demand(len(ceilings) <= 1 and all(map(is_usable, ceilings)), f"ceiling is {ceilings}")
        _check_labels(self.labels)

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

    def __post_init__(self) -> None:
        """Refuse figures that no measurement gives."""
        demand_length("the form of an accuracy", self.form, MAX_NAME)
        demand_length("the split of an accuracy", self.split, MAX_NAME)
        demand_share("an accuracy", self.correct, self.total)
        demand_interval("an accuracy", self.low, self.high)

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

    def __post_init__(self) -> None:
        """Refuse figures that no measurement gives."""
        demand_length("the name of known pictures", self.pictures, MAX_NAME)
        demand_share("the share of known pictures", self.known, self.total)
        demand_interval("known pictures", self.low, self.high)

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

    def __post_init__(self) -> None:
        """Refuse figures that no measurement gives."""
        usable = self.temperature > 0 and is_usable(self.temperature)
        demand_card(usable, f"the temperature is {self.temperature}")
        demand_card(0.0 <= self.keep <= 1.0, f"the share to keep is {self.keep}")
        demand_length("the table of known pictures", self.known, MAX_ROWS)


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

    def __post_init__(self) -> None:
        """Refuse a card with figures that no measurement gives, or larger than `limits` allow."""
        for what in ("name", "dataset", "dataset_digest"):
            demand_length(what, getattr(self, what), MAX_NAME)
        for what in ("recipe", "quantization", "gate"):
            demand_length(what, getattr(self, what), MAX_TEXT)
        for what, most in (("accuracy", MAX_ROWS), ("versions", MAX_ROWS), ("macs", MAX_LAYERS)):
            demand_length(what, getattr(self, what), most)
        demand_length("rejection", self.rejection, 1)
        for text in (*self.versions, *self.versions.values(), *self.macs):
            demand_length("a name", text, MAX_NAME)
        demand_count("the number of parameters", self.parameters)
        for count in self.macs.values():
            demand_count("a layer's number of multiply-adds", count)

    @property
    def is_adopted(self) -> bool:
        """Whether the model was made by another program; `recipe` then tells how it was adopted."""
        return self.recipe.startswith('{"adopted"')


def _check_labels(labels: tuple[str, ...]) -> None:
    count = f"there are {len(labels):,} labels"
    _demand(len(labels) >= 2, f"{count}, not 2 or more")
    _demand(len(labels) <= MAX_LABELS, f"{count}, allowed are {MAX_LABELS:,}")
    long = [len(name) for name in labels if len(name) > MAX_NAME]
    _demand(not long, f"a label has {max(long, default=0):,} characters, allowed are {MAX_NAME:,}")
    odd = [name for name in labels if not name or not name.isprintable()]
    _demand(not odd, f"labels are empty or hold control characters: {odd[:SHOWN]}")
    repeated = sorted(name for name, times in Counter(labels).items() if times > 1)
    _demand(not repeated, f"labels appear twice: {', '.join(repeated[:SHOWN])}")


def _demand(holds: bool, otherwise: str) -> None:
    demand(holds, "spec", otherwise)
