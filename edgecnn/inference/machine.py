"""Describes this machine: all that can make a latency or a logit differ between machines."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from edgecnn.inference.builds import installed_builds, installed_version
from edgecnn.records import Record

# The instruction sets by which ONNX Runtime chooses an int8 kernel.
_FLAGS = (
    "sse4_1", "avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8",  # x86
    "asimddp", "i8mm", "sve", "sme",  # Arm
)  # fmt: skip


@dataclass(frozen=True)
class Machine(Record):
    """The description that is stored with every measured time."""

    cpu: str
    flags: tuple[str, ...]
    """Instruction sets that affect the choice of kernels."""
    cores: int
    """Number of logical cores that this process may use."""
    governor: str
    """Frequency governor of the first core; empty if the system does not report it."""
    memory_gib: float
    system: str
    python: str
    versions: dict[str, str]
    """Versions of the packages that affect inference."""

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        flags = " ".join(self.flags) or "no int8 instruction sets known"
        governor = f", governor {self.governor}" if self.governor else ""
        return (
            f"{self.cpu}, {self.cores} cores ({flags}){governor}, {self.memory_gib:.1f} GiB, "
            f"{self.system}, Python {self.python}, {packages}"
        )


def describe_machine(root: Path = Path("/")) -> Machine:
    """Describe a machine; `root` is the folder of its proc and sys folders."""
    cpuinfo = _read(root / "proc/cpuinfo")
    flags = set(_field(cpuinfo, "flags", "Features").split())
    governor = _read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip()
    return Machine(
        cpu=_field(cpuinfo, "model name", "Model", "Hardware") or platform.processor() or "unknown",
        flags=tuple(flag for flag in _FLAGS if flag in flags),
        cores=usable_cores(),
        governor=governor,
        memory_gib=_memory_gib(_read(root / "proc/meminfo")),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions=_versions(),
    )


def usable_cores() -> int:
    """Return the number of logical cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gib(meminfo: str) -> float:
    total = _field(meminfo, "MemTotal").split()
    return round(int(total[0]) / 2**20, 1) if total else 0.0


def _field(text: str, *names: str) -> str:
    """Return the value of the first `name : value` line."""
    for name in names:
        for line in text.splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _versions() -> dict[str, str]:
    names = ("edgecnn", *installed_builds(), "opencv-python", "numpy")
    return {name: installed_version(name) or "not installed by pip" for name in names}
