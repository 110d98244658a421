"""Folders with proc and sys files, as the checks of a machine read them."""

from collections.abc import Callable, Iterator
from pathlib import Path

from edgecnn.doctor.finding import Finding, Place

ZONE = "sys/class/thermal/thermal_zone0"


def write(root: Path, files: dict[str, str]) -> Place:
    """Write files below a root folder, by relative path; return the place to examine."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return Place(root, root)


def only(check: Callable[[Place], Iterator[Finding]], place: Place) -> Finding:
    """Return the only finding of a check."""
    (finding,) = check(place)
    return finding
