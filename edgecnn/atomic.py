"""Atomic writes: a file appears complete or not at all."""

import os
from pathlib import Path

from edgecnn.errors import DeviceError


def write_atomic(path: Path, content: bytes | str) -> Path:
    """Write a file so that readers see the old content or the new one, also after a power cut.

    The content goes to a temporary file in the same folder, which then replaces the target.

    Returns:
        The path that was given.

    Raises:
        DeviceError: The folder is not writable or the disk is full; an old file is unchanged.

    Source: rename(2); fsync(2) on why the folder needs fsync as well.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise DeviceError(
            f"{path} could not be written: {error.strerror}",
            remedy="free some disk space, or give a folder that you may write to",
        ) from error
    return path


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that its renames survive a power cut; does nothing on Windows."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(descriptor: int, data: bytes) -> None:
    """Write all bytes to a file descriptor; one write(2) is enough unless it is cut short."""
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]
