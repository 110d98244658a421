"""Names of the files that sinks make: they sort, clash with none, and hold no surprises."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

SLUG_LENGTH = 40
_NUMBERED = re.compile(r"\d{8}T\d{6}Z-(\d{6,})(?:-[a-z0-9-]+)?\.[a-z0-9]+", re.ASCII)


def slug(text: str) -> str:
    """Return a label or source as a part of a file's name: letters a to z, digits and dashes.

    Six digits of its digest are added wherever something was lost, so that two texts that look
    alike have different slugs.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    if short and short == text:
        return short
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:6]
    return f"{short}-{digest}".lstrip("-")


def stamp(time_s: float) -> str:
    """Return Unix time as UTC in a file's name: 20261126T180400Z."""
    return f"{datetime.fromtimestamp(time_s, timezone.utc):%Y%m%dT%H%M%SZ}"


def numbered_name(time_s: float, number: int, ending: str) -> str:
    """Return a file's name: time for people, the number for the order if the clock jumps."""
    return f"{stamp(time_s)}-{number:06}{ending}"


def oldest_first(paths: Iterable[Path]) -> list[Path]:
    """Return those that have such a name, in the order in which they were made."""
    numbers = {path: number_of(path) for path in paths}
    return sorted((path for path in numbers if numbers[path]), key=lambda path: numbers[path])


def number_of(path: Path) -> int:
    """Return the number in a file's name, from 1; 0 if it is none of ours."""
    match = _NUMBERED.fullmatch(path.name)
    return int(match[1]) if match else 0
