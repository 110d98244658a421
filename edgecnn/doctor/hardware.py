"""Checks of cores, clock governor, temperature, power supply and memory, from /proc and /sys."""

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
"""Less free memory is a warning."""
HOT_C = 80.0
"""Degrees Celsius at which a Raspberry Pi starts to throttle; other boards report a trip point."""

_DYNAMIC = ("intel_pstate", "amd-pstate-epp")
"""Drivers whose `powersave` governor still reaches full speed."""

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
"""The throttling bits of a Raspberry Pi's firmware; bits from 16 on: at any time since boot."""


def check_cores(place: Place) -> Iterator[Finding]:
    """Check the usable cores and their frequency governor."""
    folder = place.root / "sys/devices/system/cpu/cpu0/cpufreq"
    governor, driver = _read(folder / "scaling_governor"), _read(folder / "scaling_driver")
    reason = f"{usable_cores()} usable" + (f", governor {governor}" if governor else "")
    if governor == "powersave" and driver not in _DYNAMIC:
        remedy = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        yield Finding("cores", WARN, f"{reason}: they stay at their lowest clock", remedy)
    else:
        yield Finding("cores", OK, reason)


def check_temperature(place: Place) -> Iterator[Finding]:
    """Check the thermal zone that is closest to its throttling temperature."""
    zones = [_zone(folder) for folder in (place.root / "sys/class/thermal").glob("thermal_zone*")]
    known = [(heat - limit, heat, limit) for heat, limit in zones if heat > 0]
    if not known:
        yield Finding("temperature", OK, "the kernel does not report it")
        return
    _, heat, limit = max(known)
    if heat >= limit:
        remedy = "cool the board: it is slower now than at normal temperature"
        yield Finding("temperature", WARN, f"{heat:.0f} C, throttles from {limit:.0f} C", remedy)
    else:
        yield Finding("temperature", OK, f"{heat:.0f} C of {limit:.0f} C")


def _zone(folder: Path) -> tuple[float, float]:
    """Return a zone's temperature and throttling temperature, degrees Celsius."""
    points = [
        float(_read(folder / path.name.replace("_type", "_temp")) or 0) / 1000
        for path in folder.glob("trip_point_*_type")
        if _read(path) == "passive"
    ]
    limits = [point for point in points if point > 0]
    return float(_read(folder / "temp") or 0) / 1000, min(limits, default=HOT_C)


def check_throttling(place: Place) -> Iterator[Finding]:
    """Check the throttling bits of a Raspberry Pi; other machines have no such finding."""
    bits = read_throttled(place.root)
    if bits is None:
        return
    causes = [words for bit, words in _THROTTLED.items() if bits >> bit & 1]
    if causes:
        remedy = "use the official power supply and cool the board; a reboot clears past events"
        yield Finding("throttling", WARN, f"{', '.join(causes)} ({bits:#x})", remedy)
    else:
        yield Finding("throttling", OK, "never since boot")


def read_throttled(root: Path = Path("/")) -> int | None:
    """Return the throttling bits of a Raspberry Pi; None on other machines.

    The bits of sysfs and of the firmware are combined, since sysfs may stay 0 while the firmware
    reports throttling (raspberrypi/linux#2367).
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
    """Check the available memory, in a container also against its limit."""
    match = re.search(r"^MemAvailable: *(.*) kB$", _read(place.root / "proc/meminfo"), re.MULTILINE)
    free = [int(match[1]) / 1024] if match else []
    group = place.root / "sys/fs/cgroup"
    limit, used = _read(group / "memory.max"), _read(group / "memory.current")
    if limit.isdecimal() and used.isdecimal():
        free.append((int(limit) - int(used)) / 2**20)
    if not free:
        yield Finding("memory", OK, "the kernel does not report it")
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
