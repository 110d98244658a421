"""How a model is made: every number of a training run, and nothing else."""

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
    """Which rule moves the weights."""

    ADAM = "adam"
    ADAMW = "adamw"
    SGD = "sgd"
    """With Nesterov momentum."""


class Schedule(str, Enum):
    """How the learning rate changes over the run."""

    CONSTANT = "constant"
    COSINE = "cosine"
    """From the full rate to none."""
    ONE_CYCLE = "one-cycle"
    """Up from a tenth, then down to none."""


class Precision(str, Enum):
    """What multiplies in training; weights are always kept as fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    """Half the time on CPUs with AVX512-BF16 or AMX and on GPUs; elsewhere slower."""


@dataclass(frozen=True)
class Distill(Record):
    """Learning from a teacher's answers beside the labels; see `distill.py`."""

    teacher: str = ""
    """A run's folder, or the name of a shipped checkpoint. Empty: no teacher."""
    weight: float = 0.5
    """Share of the loss that is the teacher's, 0 to 1."""
    temperature: float = 2.0


@dataclass(frozen=True)
class Transfer(Record):
    """Starting from what another run has learned; see `transfer.py`."""

    start: str = ""
    """A run's folder, or the name of a shipped checkpoint. Empty: fresh weights."""
    freeze: int = 0
    """Epochs in which only the new head learns."""


@dataclass(frozen=True)
class Qat(Record):
    """Quantization-aware fine-tuning at export, in the int8 graph itself."""

    epochs: int = 0
    """0: none."""
    learning_rate: float = 1e-3
    """Adam's, the highest; it goes down to none."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot train."""
        if self.epochs < 0 or not self.learning_rate > 0:
            raise OptionError(f"qat is {self}", remedy="give 0 or more epochs, a rate above 0")


@dataclass(frozen=True)
class Recipe(Record):
    """The defaults are the tutorial's: Adam, cross-entropy, 5 epochs, batches of 64."""

    data: str = "mnist"
    """A data set's name, or the path of a folder."""
    size: int = 0
    """Input height and width, pixels. 0: the data set's own."""
    channels: int = 0
    """1: gray, 3: colour. 0: the data set's own."""
    fit: Fit = Fit.CROP
    """How pictures of another shape are brought to size."""
    train_size: int = 0
    """Training pictures; the rest is for validation. 0: five sixths."""
    epochs: int = 5
    batch: int = 64
    optimizer: Optimizer = Optimizer.ADAM
    learning_rate: float = 1e-3
    """The highest of the schedule."""
    epsilon: float = 1e-7
    """Adam's epsilon: Keras' default, which torch's 1e-8 is not."""
    momentum: float = 0.9
    """Of SGD."""
    weight_decay: float = 0.0
    """Of convolution and dense weights; biases and norms have none."""
    schedule: Schedule = Schedule.CONSTANT
    rise: float = 0.2
    """Share of the run in which a one-cycle schedule rises."""
    average: float = 0.0
    """Decay a step of the weights' moving average, which is then the result. 0: none."""
    label_smoothing: float = 0.0
    """Share of the truth that is spread over all classes."""
    balance: bool = False
    """Draw pictures so that every class comes equally often."""
    patience: int = 0
    """Stop after so many epochs without a better validation accuracy. 0: never."""
    precision: Precision = Precision.FP32
    seed: int = 0
    """Of the initial weights, the order of the pictures and their augmentation."""
    network: Architecture = field(default_factory=Architecture)
    augment: Augment = field(default_factory=Augment)
    distill: Distill = field(default_factory=Distill)
    transfer: Transfer = field(default_factory=Transfer)
    qat: Qat = field(default_factory=Qat)

    @classmethod
    def from_json(cls, text: str, version: int = NEWEST) -> "Recipe":
        """Read `to_json`'s text; what an older version did not know has its default."""
        with contextlib.suppress(ValueError, RecursionError):  # not JSON, which is said below
            given = json.loads(text)
            if isinstance(given, dict):
                text = json.dumps(_merge(dataclasses.asdict(cls()), given))
        return super().from_json(text, version)

    def to_short_json(self) -> str:
        """Return JSON of what differs from the defaults; `from_json` reads it back."""
        return to_text(_changes(dataclasses.asdict(type(self)()), dataclasses.asdict(self)))

    def __post_init__(self) -> None:
        """Refuse numbers that cannot train."""
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
    """Read a recipe from TOML; what it leaves out keeps its default.

    Raises:
        NotFound: There is no such file, or it cannot be read.
        OptionError: It is not TOML, or has an unknown key or a value of another type.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        return _from_dict(given)
    except OSError as error:
        raise NotFound(
            f"recipe {path} cannot be read: {error.strerror}", remedy="give a .toml file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, SpecError) as error:
        reason = error.what if isinstance(error, SpecError) else str(error)
        raise OptionError(f"recipe {path}: {reason}", remedy="correct the file") from error


def change(recipe: Recipe, settings: list[str]) -> Recipe:
    """Return the recipe with settings such as `augment.rotate=15`, values as in TOML.

    Raises:
        OptionError: A setting is not KEY=VALUE, its key is unknown or its value of another type.
    """
    numbers = dataclasses.asdict(recipe)
    for setting in settings:
        try:
            numbers = _merge(numbers, tomllib.loads(_as_toml(setting)))
            recipe = _from_dict(numbers)
        except (tomllib.TOMLDecodeError, SpecError) as error:
            reason = error.what if isinstance(error, SpecError) else str(error)
            raise OptionError(
                f"setting {setting!r}: {reason}",
                remedy="give a recipe's key and a value, such as augment.rotate=15",
            ) from error
    return recipe


def _as_toml(setting: str) -> str:
    """Return `key = value`, with quotes around a value that is a bare word or path."""
    key, _, value = (part.strip() for part in setting.partition("="))
    try:
        tomllib.loads(f"{key} = {value}")
    except tomllib.TOMLDecodeError:
        value = json.dumps(value, ensure_ascii=False)  # TOML knows no surrogates
    return f"{key} = {value}"


def _from_dict(numbers: dict[str, Any]) -> Recipe:
    return Recipe.from_json(json.dumps(numbers, default=str))


def _changes(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return what `_merge` would have to lay over the defaults."""
    return {
        name: _changes(defaults[name], value) if isinstance(value, dict) else value
        for name, value in given.items()
        if value != defaults[name]
    }


def _merge(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Lay given values over defaults, tables key by key."""
    merged = {**defaults, **given}
    for name, value in given.items():
        if isinstance(value, dict) and isinstance(defaults.get(name), dict):
            merged[name] = {**defaults[name], **value}
    return merged
