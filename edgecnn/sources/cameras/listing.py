"""The cameras of this machine: found in sysfs, asked by ioctl, with who holds them."""

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgecnn.records import Record
from edgecnn.sources.cameras.v4l2 import Description, Mode, describe, open_device

_CSI = ("unicam", "rp1-cfe", "tegra-video")
"""Drivers of raw sensors: OpenCV cannot read them, the vendor's program can."""


@dataclass(frozen=True)
class Camera(Record):
    """One camera."""

    source: str
    """What `--source` takes: its name on the bus, which stays when numbers change."""
    path: str
    index: int
    """What `--source` takes too, until numbers change."""
    name: str
    driver: str
    """Empty where the device could not be asked."""
    modes: tuple[Mode, ...]
    problem: str
    """Why it cannot be used now; empty where it can."""
    remedy: str


def list_cameras(root: Path = Path("/")) -> list[Camera]:
    """Return the cameras; `root` holds the dev, proc and sys folders.

    A device that answers that it gives no pictures (metadata, codecs) is none; one that does not
    answer is taken for a camera if it is the first of its hardware.
    """
    nodes = {path.name for path in (root / "sys/class/video4linux").glob("video*")}
    nodes |= {path.name for path in (root / "dev").glob("video*")}
    numbers = sorted(int(name[5:]) for name in nodes if name[5:].isdecimal())
    found = [_look(root, number) for number in numbers]
    return [camera for camera in found if camera is not None]


def _look(root: Path, number: int) -> Camera | None:
    device, facts = root / f"dev/video{number}", root / f"sys/class/video4linux/video{number}"
    said, problem, remedy = _ask(device)
    if said is not None and not said.captures:
        return None
    if said is None and _read(facts / "index") not in ("", "0"):
        return None
    if holder := who_holds(device, root):
        problem, remedy = f"busy: {holder}", "stop that program, or wait for it"
    elif said is not None and said.driver in _CSI:
        problem = f"OpenCV cannot read a raw sensor ({said.driver})"
        remedy = (
            'give --source "exec:rpicam-vid -t 0 --codec mjpeg -o -", or your vendor\'s program'
        )
    name = _read(facts / "name") or (said.name if said else "")
    source = stable_camera(str(number), root / "dev")
    modes, driver = (said.modes, said.driver) if said else ((), "")
    return Camera(source, str(device), number, name, driver, modes, problem, remedy)


def _ask(device: Path) -> tuple[Description | None, str, str]:
    """Return what a device says; or nothing, why, and what to do."""
    try:
        with open_device(device) as ask:
            return describe(ask), "", ""
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
    """Return `pid N (name)` of another process that has a device open; empty if none is seen.

    Processes of other users are seen by root only.
    """
    wanted = str(device.resolve())
    for link in _open_files(root / "proc"):
        process = link.parents[1]
        if _target(link) == wanted and process.name != str(os.getpid()):
            return f"pid {process.name} ({_read(process / 'comm') or '?'})"
    return ""


def _open_files(proc: Path) -> Iterator[Path]:
    for folder in proc.glob("[0-9]*/fd"):
        try:
            yield from folder.iterdir()
        except OSError:  # it has ended, or is another user's
            continue


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def stable_camera(source: str, devices: Path = Path("/dev")) -> str:
    """Return the path of a camera by its name on the bus, which stays when numbers change.

    Args:
        source: A camera's index or path.
        devices: Where devices are.

    Returns:
        A link in v4l/by-id or v4l/by-path, or the device's own path where there is none.
    """
    device = devices / f"video{source}" if source.isdecimal() else Path(source)
    if device.parent.name in ("by-id", "by-path"):
        return str(device)
    links = [
        link
        for name in ("by-id", "by-path")
        for link in sorted((devices / "v4l").glob(f"{name}/*"))
    ]
    return next((str(link) for link in links if link.resolve() == device.resolve()), str(device))


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()
