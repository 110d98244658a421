"""Recipes: all hyperparameters of a training run, as dataclasses, TOML and JSON."""

import contextlib
import dataclasses
import json
import tomllib
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from edgecnn.errors import NotFound, OptionError, SpecError
from edgecnn.model.spec import Fit
from edgecnn.records import NEWEST, Record, to_text
from edgecnn.trainer.augment import Augment
from edgecnn.trainer.networks import Architecture


class Optimizer(str, Enum):
    """The rule that updates the weights."""

    ADAM = "adam"
    ADAMW = "adamw"
    SGD = "sgd"
    """With Nesterov momentum."""


class Schedule(str, Enum):
    """How the learning rate changes during the run."""

    CONSTANT = "constant"
    COSINE = "cosine"
    """Falls from the highest rate to 0 along a half cosine."""
    ONE_CYCLE = "one-cycle"
    """Rises linearly from a tenth of the highest rate, then falls to 0 along a half cosine."""


class Precision(str, Enum):
    """Number format of the multiplications in training; the weights themselves are always fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    """Mixed precision (autocast): half the time on GPUs and on CPUs with AVX512-BF16 or AMX, slower
    elsewhere."""


@dataclass(frozen=True)
class Distill(Record):
    """Knowledge distillation: learning from a teacher's logits too; see `distill.py`."""

    teacher: str = ""
    """A run's folder, or the name of a shipped checkpoint. Empty: no teacher."""
    weight: float = 0.5
    """Share of the teacher's term in the loss, 0 to 1."""
    temperature: float = 2.0
    """Divisor of the logits before the softmax; higher is softer."""


@dataclass(frozen=True)
class Transfer(Record):
    """Transfer learning: starting from the features of another run; see `transfer.py`."""

    start: str = ""
    """A run's folder, or the name of a shipped checkpoint. Empty: random weights."""
    freeze: int = 0
    """Number of first epochs in which only the last dense layer is trained."""


@dataclass(frozen=True)
class Qat(Record):
    """Quantization-aware training (QAT) at export: fine-tuning of the int8 graph itself."""

    epochs: int = 0
    """0: none."""
    learning_rate: float = 1e-3
    """Highest learning rate of Adam; it falls to 0."""

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with."""
        if self.epochs < 0 or not self.learning_rate > 0:
            raise OptionError(f"qat is {self}", remedy="give 0 or more epochs, a rate above 0")


@dataclass(frozen=True)
class Recipe(Record):
    """All hyperparameters. Defaults are the tutorial's: Adam, cross-entropy, 5 epochs, batch 64."""

    data: str = "mnist"
    """A data set's name, or the path of a folder or a CSV list."""
    size: int = 0
    """Input height and width, pixels. 0: the data set's default."""
    channels: int = 0
    """1: gray, 3: BGR. 0: the data set's default."""
    fit: Fit = Fit.CROP
    """How pictures of another aspect ratio are brought to the input size."""
    train_size: int = 0
    """Number of training pictures; the rest is for validation. 0: five sixths."""
    epochs: int = 5
    batch: int = 64
    """Pictures per step."""
    optimizer: Optimizer = Optimizer.ADAM
    learning_rate: float = 1e-3
    """The highest learning rate of the schedule."""
    epsilon: float = 1e-7
    """Of Adam. The default is that of Keras; that of PyTorch is 1e-8."""
    momentum: float = 0.9
    """Of SGD."""
    weight_decay: float = 0.0
    """Of convolution and dense weights; biases and batch norms have none."""
    schedule: Schedule = Schedule.CONSTANT
    rise: float = 0.2
    """Share of the run in which the learning rate of a one-cycle schedule rises."""
    average: float = 0.0
    """Decay per step of the weights' moving average, which becomes the result. 0: no average."""
    label_smoothing: float = 0.0
    """Probability mass that is spread evenly over all classes in the target."""
    balance: bool = False
    """Class-balanced sampling: draw pictures so that all classes are equally frequent."""
    patience: int = 0
    """Early stopping after so many epochs without a better validation accuracy. 0: off."""
    precision: Precision = Precision.FP32
    seed: int = 0
    """Seed of the initial weights, the order of the pictures, and the augmentation."""
    network: Architecture = field(default_factory=Architecture)
    augment: Augment = field(default_factory=Augment)
    distill: Distill = field(default_factory=Distill)
    transfer: Transfer = field(default_factory=Transfer)
    qat: Qat = field(default_factory=Qat)

    @classmethod
    def from_json(cls, text: str, version: int = NEWEST) -> "Recipe":
        """Read the text of `to_json`; keys that an older version lacked get their defaults."""
        with contextlib.suppress(ValueError, RecursionError):  # not JSON, which is said below
            given = json.loads(text)
            if isinstance(given, dict):
                text = json.dumps(_merge(dataclasses.asdict(cls()), given))
        return super().from_json(text, version)

    def to_short_json(self) -> str:
        """Return JSON with only the values that differ from the defaults; `from_json` reads it."""
        return to_text(_changes(dataclasses.asdict(type(self)()), dataclasses.asdict(self)))

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with."""
        for name in ("epochs", "batch", "learning_rate", "epsilon"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is {getattr(self, name)}", remedy="give more than 0")
        for name in ("momentum", "average", "label_smoothing", "rise"):
            if not 0 <= getattr(self, name) < 1:
                raise OptionError(f"{name} is {getattr(self, name)}", remedy="give 0 to below 1")
        if not 0 <= self.distill.weight <= 1 or not self.distill.temperature > 0:
            raise OptionError(
                f"distill is {self.distill}",
                remedy="give a weight of 0 to 1, a temperature above 0",
            )
        for name, value in (("weight_decay", self.weight_decay), ("patience", self.patience),
                            ("transfer.freeze", self.transfer.freeze)):  # fmt: skip
            if not value >= 0:
                raise OptionError(f"{name} is {value}", remedy="give 0 or more")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file; missing keys have their defaults.

    Raises:
        NotFound: There is no such file, or it cannot be read.
        OptionError: It is not TOML, or has an unknown key or a value of another type.
    """
    try:
        return _from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise NotFound(
            f"recipe {path} cannot be read: {error.strerror}", remedy="give a .toml file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, SpecError) as error:
        raise OptionError(
            f"recipe {path}: {reason_of(error)}", remedy="correct the file"
        ) from error


def reason_of(error: Exception) -> str:
    """Return an error's message without the remedy that our own errors have."""
    return error.what if isinstance(error, SpecError) else str(error)


def change(recipe: Recipe, settings: list[str]) -> Recipe:
    """Return the recipe with changed values.

    Args:
        recipe: The recipe to start from.
        settings: KEY=VALUE with values as in TOML, such as `augment.rotate=15`; text needs no
            quotes.

    Raises:
        OptionError: A setting is not KEY=VALUE, its key is unknown or its value of another type.
    """
    numbers = dataclasses.asdict(recipe)
    for setting in settings:
        try:
            numbers = _merge(numbers, tomllib.loads(_as_toml(setting)))
            recipe = _from_dict(numbers)
        except (tomllib.TOMLDecodeError, SpecError) as error:
            raise OptionError(
                f"setting {setting!r}: {reason_of(error)}",
                remedy="give a recipe's key and a value, such as augment.rotate=15",
            ) from error
    return recipe


def _as_toml(setting: str) -> str:
    """Return `key = value`; a value that is not TOML, such as a bare path, gets quotes."""
    key, _, value = (part.strip() for part in setting.partition("="))
    try:
        tomllib.loads(f"{key} = {value}")
    except tomllib.TOMLDecodeError:
        value = json.dumps(value, ensure_ascii=False)  # TOML has no surrogate escapes for emoji
    return f"{key} = {value}"


def _from_dict(numbers: dict[str, Any]) -> Recipe:
    return Recipe.from_json(json.dumps(numbers, default=str))


def _changes(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the values that differ from the defaults, tables key by key."""
    return {
        name: _changes(defaults[name], value) if isinstance(value, dict) else value
        for name, value in given.items()
        if value != defaults[name]
    }


def _merge(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults with the given values in their place, tables key by key."""
    merged = {**defaults, **given}
    for name, value in given.items():
        if isinstance(value, dict) and isinstance(defaults.get(name), dict):
            merged[name] = {**defaults[name], **value}
    return merged
