"""Checks of what the kernel says: cores, their pace, heat, supply, memory."""

import re
import subprocess
from collections.abc import Iterator
from functools import reduce
from operator import or_
from pathlib import Path

from edgecnn.check_result import OK, WARN
from edgecnn.doctor.finding import Finding, Place
from edgecnn.inference.machine import usable_cores

LEAST_MIB = 256
HOT_C = 80.0
"""A Raspberry Pi slows down from here; other boards say where they do, in a trip point."""

_DYNAMIC = ("intel_pstate", "amd-pstate-epp")
"""Drivers whose `powersave` is the usual governor and goes up to full speed."""

_THROTTLED = {
    0: "the supply voltage is too low",
    1: "the clock is capped",
    2: "it is throttled",
    3: "it is at its soft temperature limit",
    16: "the supply voltage was too low",
    17: "the clock was capped",
    18: "it was throttled",
    19: "it was at its soft temperature limit",
}
"""Bits of a Raspberry Pi's firmware; from 16 on: at some time since it was started."""


def check_cores(place: Place) -> Iterator[Finding]:
    """Look at cores and their governor."""
    folder = place.root / "sys/devices/system/cpu/cpu0/cpufreq"
    governor, driver = _read(folder / "scaling_governor"), _read(folder / "scaling_driver")
    words = f"{usable_cores()} usable" + (f", governor {governor}" if governor else "")
    if governor == "powersave" and driver not in _DYNAMIC:
        remedy = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        yield Finding("cores", WARN, f"{words}: they stay at their lowest clock", remedy)
    else:
        yield Finding("cores", OK, words)


def check_heat(place: Place) -> Iterator[Finding]:
    """Look at the warmest zone that the kernel knows, against the point where it slows down."""
    zones = [_zone(folder) for folder in (place.root / "sys/class/thermal").glob("thermal_zone*")]
    known = [(heat - limit, heat, limit) for heat, limit in zones if heat > 0]
    if not known:
        yield Finding("temperature", OK, "the kernel does not say")
        return
    _, heat, limit = max(known)
    if heat >= limit:
        remedy = "cool it, give it air: what is measured now is not its usual pace"
        yield Finding("temperature", WARN, f"{heat:.0f} C, slows down from {limit:.0f} C", remedy)
    else:
        yield Finding("temperature", OK, f"{heat:.0f} C of {limit:.0f} C")


def _zone(folder: Path) -> tuple[float, float]:
    """Return a zone's temperature and where it slows down, degrees Celsius."""
    points = [
        float(_read(folder / path.name.replace("_type", "_temp")) or 0) / 1000
        for path in folder.glob("trip_point_*_type")
        if _read(path) == "passive"
    ]
    limits = [point for point in points if point > 0]
    return float(_read(folder / "temp") or 0) / 1000, min(limits, default=HOT_C)


def check_throttling(place: Place) -> Iterator[Finding]:
    """Look at the bits of a Raspberry Pi's firmware; other machines have none."""
    bits = read_throttled(place.root)
    if bits is None:
        return
    told = [words for bit, words in _THROTTLED.items() if bits >> bit & 1]
    if told:
        remedy = "use the board's own power supply, cool it; restart to forget what was"
        yield Finding("throttling", WARN, f"{', '.join(told)} ({bits:#x})", remedy)
    else:
        yield Finding("throttling", OK, "never since it was started")


def read_throttled(root: Path = Path("/")) -> int | None:
    """Return a Raspberry Pi's throttle bits; None on other machines.

    Both sources are read, since the file of sysfs was seen to be 0 while the firmware said
    otherwise (raspberrypi/linux#2367).
    """
    texts = [_read(path) for path in root.glob("sys/devices/platform/soc/*firmware/get_throttled")]
    found = [int(text, 16) for text in [*texts, _ask_firmware()] if text]
    return reduce(or_, found) if found else None


def _ask_firmware() -> str:
    try:
        done = subprocess.run(
            ["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"throttled=(0x[0-9a-fA-F]+)", done.stdout)
    return match[1] if match else ""


def check_memory(place: Place) -> Iterator[Finding]:
    """Look at what is free, in a container at what its limit leaves."""
    match = re.search(r"^MemAvailable: *(.*) kB$", _read(place.root / "proc/meminfo"), re.MULTILINE)
    free = [int(match[1]) / 1024] if match else []
    group = place.root / "sys/fs/cgroup"
    most, used = _read(group / "memory.max"), _read(group / "memory.current")
    if most.isdecimal() and used.isdecimal():
        free.append((int(most) - int(used)) / 2**20)
    if not free:
        yield Finding("memory", OK, "the kernel does not say")
    elif min(free) < LEAST_MIB:
        remedy = f"stop other programs, or give the container more: {LEAST_MIB} MiB are advised"
        yield Finding("memory", WARN, f"{min(free):.0f} MiB are free", remedy)
    else:
        yield Finding("memory", OK, f"{min(free) / 1024:.1f} GiB are free")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
