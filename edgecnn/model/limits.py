"""Limits of what a model file may say: a digest shows accidents, and anybody can renew it.

Each number and text is checked once, where it is read, before anything computes with it.
"""

import math
from collections.abc import Sized

from edgecnn.errors import SpecError

MAX_LABELS = 25_000
"""ImageNet-21k has 21,843."""
MAX_SIDE, MAX_PIXELS = 4096, 2**22
"""Of the network's input: pixels of a side, and of all, which are 2048x2048."""
MAX_NAME = 1000
"""Characters of a label or another name."""
MAX_TEXT = 100_000
"""Characters of a recipe or a reason."""
MAX_ROWS = 100
"""Accuracies, packages and other short tables."""
MAX_LAYERS = 20_000
MAX_GOLDEN = 64
"""Golden frames."""
MAX_DECODED = 2**27
"""Bytes of all golden frames together, decoded: ten of the largest input."""


def demand(holds: bool, record: str, otherwise: str) -> None:
    """Raise SpecError unless a condition holds.

    Args:
        holds: The condition.
        record: What is unusable without it: `spec`, `card` or `golden frames`.
        otherwise: What the record says instead.
    """
    if not holds:
        raise SpecError(
            f"the model's {record} is unusable: {otherwise}", remedy="correct that value"
        )


def demand_card(holds: bool, otherwise: str) -> None:
    """Raise SpecError about the card unless a condition holds."""
    demand(holds, "card", otherwise)


def demand_length(what: str, value: Sized, most: int) -> None:
    """Raise SpecError unless a text or table of the card has at most so many parts."""
    demand_card(len(value) <= most, f"{what} has a length of {len(value):,}, allowed is {most:,}")


def demand_share(what: str, part: int, total: int) -> None:
    """Raise SpecError unless `part` of `total` pictures is possible."""
    demand_card(0 <= part <= total and total >= 1, f"{what} is {part} of {total} pictures")


def demand_interval(what: str, low: float, high: float) -> None:
    """Raise SpecError unless 0 <= low <= high <= 1."""
    demand_card(0.0 <= low <= high <= 1.0, f"the interval of {what} is {low} to {high}")


def demand_count(what: str, count: int) -> None:
    """Raise SpecError for a negative count."""
    demand_card(count >= 0, f"{what} is {count}")


def is_usable(number: float, largest: float = 3e38) -> bool:
    """Return whether a number is finite and, by default, fits into a float32."""
    return math.isfinite(number) and abs(number) <= largest
