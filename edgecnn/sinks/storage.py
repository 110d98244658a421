"""Folders of recordings: a quota for our files, and a minimum of free disk space."""

import os
from pathlib import Path

from edgecnn.errors import DeviceError

FLOOR_SHARE, FLOOR_BYTES = 0.05, 200_000_000
"""A sink stops when less than this is free: the smaller of the share and the bytes."""


def make_folder(folder: Path, option: str) -> None:
    """Make a folder; the remedy of a DeviceError is to give `option` another one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeviceError(
            f"{folder} cannot be written: {error.strerror}", remedy=f"give {option} another folder"
        ) from error


def check_free(folder: Path) -> None:
    """Raise DeviceError if the folder's disk is nearly full or was removed."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        raise DeviceError(
            f"{folder} cannot be read: {error.strerror}", remedy="check the disk and its mount"
        ) from error
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    floor = min(FLOOR_SHARE * size, FLOOR_BYTES)
    if free < floor:
        raise DeviceError(
            f"the disk of {folder} is nearly full: {free / 1e6:.1f} MB are free, "
            f"{floor / 1e6:.1f} MB must stay free",
            remedy="free some disk space, or give a smaller --quota-gib",
        )


def remove_oldest(oldest_first: list[Path], quota_bytes: float) -> None:
    """Remove the oldest files until the rest fits the quota; missing files are ignored."""
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
