"""The space that recordings may take: a quota for ours, and a floor for everybody."""

import os
from pathlib import Path

from edgecnn.errors import DeviceError

FLOOR_SHARE, FLOOR_BYTES = 0.05, 200_000_000
"""So much of a disk stays free: the smaller of the two."""


def check_free(folder: Path) -> None:
    """Raise DeviceError where a disk is nearly full or has gone."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        raise DeviceError(f"{folder} has gone: {error.strerror}", remedy="look at it") from error
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    floor = min(FLOOR_SHARE * size, FLOOR_BYTES)
    if free < floor:
        raise DeviceError(
            f"the disk of {folder} is nearly full: {free / 1e6:.1f} MB are free, and "
            f"{floor / 1e6:.1f} MB stay so",
            remedy="free some space, or give a smaller --quota-gib",
        )


def remove_oldest(oldest_first: list[Path], quota_bytes: float) -> None:
    """Remove the oldest files until the rest is within a quota; some may be gone already."""
    sizes = {path: _size(path) for path in oldest_first}
    total = sum(sizes.values())
    for path, size in sizes.items():
        if total <= quota_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
