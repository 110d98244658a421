"""Names of the files that sinks make: sortable, unique and safe on every system."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

SLUG_LENGTH = 40
"""Characters."""
_NUMBERED = re.compile(r"\d{8}T\d{6}Z-(\d{6,})(?:-[a-z0-9-]+)?\.[a-z0-9]+", re.ASCII)


def slug(text: str) -> str:
    """Return a label or source as part of a file name: a to z, digits and dashes.

    If this changes the text, six digits of its SHA-256 are appended, so that different texts have
    different slugs.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    if short and short == text:
        return short
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:6]
    return f"{short}-{digest}".lstrip("-")


def stamp(time_s: float) -> str:
    """Return Unix time in seconds as UTC for a file name: 20261126T180400Z."""
    return f"{datetime.fromtimestamp(time_s, timezone.utc):%Y%m%dT%H%M%SZ}"


def numbered_name(time_s: float, number: int, ending: str) -> str:
    """Return a file name with time and number; files are ordered by number, as clocks may jump.

    Args:
        time_s: Unix time, seconds.
        number: From 1, counted by the sink.
        ending: The rest of the name, with the suffix.
    """
    return f"{stamp(time_s)}-{number:06}{ending}"


def oldest_first(paths: Iterable[Path]) -> list[Path]:
    """Return the paths with a `numbered_name`, in the order in which they were made."""
    numbers = {path: number_of(path) for path in paths}
    return sorted((path for path in numbers if numbers[path]), key=lambda path: numbers[path])


def number_of(path: Path) -> int:
    """Return the number in a `numbered_name`, from 1; 0 for other names."""
    match = _NUMBERED.fullmatch(path.name)
    return int(match[1]) if match else 0
