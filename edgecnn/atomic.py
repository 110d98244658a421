"""Files appear whole or not at all."""

import os
from pathlib import Path

from edgecnn.errors import DeviceError


def write_atomic(path: Path, content: bytes | str) -> Path:
    """Write a file so that a reader, or a power cut, sees the old content or the new, never a part.

    Raises:
        DeviceError: The folder cannot be written or the disk is full; the old file is untouched.

    Source: rename(2), and fsync(2) on why the folder is synchronised too.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise DeviceError(
            f"{path} could not be written: {error.strerror}",
            remedy="free some space or choose a folder that you may write",
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
    """Make the folder's renames survive a power cut, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(descriptor: int, data: bytes) -> None:
    """Write all of it, with one system call where the system takes it at once."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
