"""Lists the cameras of this machine, from sysfs and V4L2, and the processes that use them."""

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgecnn.records import Record
from edgecnn.sources.cameras.v4l2 import Description, Mode, describe, open_device

_CSI = ("unicam", "rp1-cfe", "tegra-video")
"""Drivers of raw image sensors: OpenCV cannot read them, the vendor's program can."""


@dataclass(frozen=True)
class Camera(Record):
    """One camera."""

    source: str
    """For `--source`: the name on the bus, which does not change when cameras are renumbered."""
    path: str
    index: int
    """For `--source` too, as long as cameras are not renumbered."""
    name: str
    driver: str
    """Empty if the device could not be queried."""
    modes: tuple[Mode, ...]
    problem: str
    """Why it cannot be used now; empty if it can."""
    remedy: str


def list_cameras(root: Path = Path("/")) -> list[Camera]:
    """Return the cameras of a machine; `root` is the folder of its dev, proc and sys folders.

    V4L2 devices that capture no pictures (metadata, codecs) are left out. A device that cannot be
    queried is listed if it is the first one of its hardware.
    """
    nodes = {path.name for path in (root / "sys/class/video4linux").glob("video*")}
    nodes |= {path.name for path in (root / "dev").glob("video*")}
    numbers = sorted(int(name[5:]) for name in nodes if name[5:].isdecimal())
    found = [_inspect(root, number) for number in numbers]
    return [camera for camera in found if camera is not None]


def _inspect(root: Path, number: int) -> Camera | None:
    device, facts = root / f"dev/video{number}", root / f"sys/class/video4linux/video{number}"
    description, problem, remedy = _query(device)
    captures = description.captures if description else _read(facts / "index") in ("", "0")
    if not captures:
        return None
    if holder := who_holds(device, root):
        problem, remedy = f"busy: {holder}", "stop that program, or wait for it"
    elif description is not None and description.driver in _CSI:
        problem = f"OpenCV cannot read a raw sensor ({description.driver})"
        remedy = (
            'give --source "exec:rpicam-vid -t 0 --codec mjpeg -o -", or your vendor\'s program'
        )
    name = _read(facts / "name") or (description.name if description else "")
    source = stable_camera(str(number), root / "dev")
    modes, driver = (description.modes, description.driver) if description else ((), "")
    return Camera(source, str(device), number, name, driver, modes, problem, remedy)


def _query(device: Path) -> tuple[Description | None, str, str]:
    """Return a device's description; or None, the problem, and the remedy."""
    try:
        with open_device(device) as ioctl:
            return describe(ioctl), "", ""
    except OSError as error:
        return None, *_refusal(device, error)


def _refusal(device: Path, error: OSError) -> tuple[str, str]:
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"you may not open {device}",
            "sudo usermod -aG video $USER, then log in again; in a container pass --device",
        )
    if error.errno == errno.EBUSY:
        return "busy: another program holds it", "stop that program (sudo shows which one)"
    if error.errno == errno.ENOENT:
        return f"the kernel has it, but {device} is not there", "in a container pass --device"
    if error.errno == errno.ENOTTY:
        return f"{device} is no V4L2 device", "remove it"
    return f"{device} does not answer: {error.strerror}", "plug it in again"


def who_holds(device: Path, root: Path = Path("/")) -> str:
    """Return `pid N (name)` of another process that has a device open; empty if none is visible.

    Processes of other users are visible to root only.
    """
    target = str(device.resolve())
    for link in _open_files(root / "proc"):
        process = link.parents[1]
        if _target(link) == target and process.name != str(os.getpid()):
            return f"pid {process.name} ({_read(process / 'comm') or '?'})"
    return ""


def _open_files(proc: Path) -> Iterator[Path]:
    for folder in proc.glob("[0-9]*/fd"):
        try:
            yield from folder.iterdir()
        except OSError:  # the process has ended, or belongs to another user
            continue


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def stable_camera(source: str, devices: Path = Path("/dev")) -> str:
    """Return a path to a camera that does not change when cameras are renumbered.

    Args:
        source: A camera's index or path.
        devices: The folder of device files.

    Returns:
        A link in v4l/by-id or v4l/by-path, or the device's own path if it has no link.
    """
    device = devices / f"video{source}" if source.isdecimal() else Path(source)
    if device.parent.name in ("by-id", "by-path"):
        return str(device)
    links = [*sorted(devices.glob("v4l/by-id/*")), *sorted(devices.glob("v4l/by-path/*"))]
    return next((str(link) for link in links if link.resolve() == device.resolve()), str(device))


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()
