"""How a model is made: every number of a training run, and nothing else."""

import dataclasses
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgecnn.errors import NotFound, OptionError, SpecError
from edgecnn.records import Record
from edgecnn.spec import Fit
from edgecnn.trainer.networks import Architecture


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
    learning_rate: float = 1e-3
    epsilon: float = 1e-7
    """Adam's epsilon: Keras' default, which torch's 1e-8 is not."""
    seed: int = 0
    """Of the initial weights and the order of the pictures."""
    network: Architecture = field(default_factory=Architecture)

    def __post_init__(self) -> None:
        """Refuse numbers that cannot train."""
        for name in ("epochs", "batch", "learning_rate", "epsilon"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is {getattr(self, name)}", remedy="give more than 0")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from TOML; what it leaves out keeps its default.

    Raises:
        NotFound: There is no such file, or it cannot be read.
        OptionError: It is not TOML, or has an unknown key or a value of another type.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        merged = _merge(dataclasses.asdict(Recipe()), given)
        return Recipe.from_json(json.dumps(merged, default=str))
    except OSError as error:
        raise NotFound(
            f"recipe {path} cannot be read: {error.strerror}", remedy="give a .toml file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, SpecError) as error:
        reason = error.what if isinstance(error, SpecError) else str(error)
        raise OptionError(f"recipe {path}: {reason}", remedy="correct the file") from error


def _merge(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **given}
    if isinstance(given.get("network"), dict):
        merged["network"] = {**defaults["network"], **given["network"]}
    return merged
