"""What machine this is: whatever makes a latency or a logit differ from another machine's."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edgecnn.inference.builds import installed_builds
from edgecnn.records import Record

# The instruction sets that decide which int8 kernel runs.
_TELLING_FLAGS = (
    "sse4_1", "avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8",  # x86
    "asimddp", "i8mm", "sve", "sme",  # Arm
)  # fmt: skip


@dataclass(frozen=True)
class Machine(Record):
    """A description that belongs beside every measured time."""

    cpu: str
    flags: tuple[str, ...]
    """Instruction sets that decide which kernels run."""
    cores: int
    """Logical cores this process may use."""
    governor: str
    """Frequency governor of the first core; empty where the system does not say."""
    memory_gib: float
    system: str
    python: str
    versions: dict[str, str]

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        flags = " ".join(self.flags) or "no int8 instruction sets known"
        governor = f", governor {self.governor}" if self.governor else ""
        return (
            f"{self.cpu}, {self.cores} cores ({flags}){governor}, {self.memory_gib:.1f} GiB, "
            f"{self.system}, Python {self.python}, {packages}"
        )


def describe_machine(root: Path = Path("/")) -> Machine:
    """Describe this machine; `root` holds its proc and sys folders."""
    cpuinfo = _read(root / "proc/cpuinfo")
    flags = set(_field(cpuinfo, "flags", "Features").split())
    governor = _read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip()
    return Machine(
        cpu=_field(cpuinfo, "model name", "Model", "Hardware") or platform.processor() or "unknown",
        flags=tuple(flag for flag in _TELLING_FLAGS if flag in flags),
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
    found = {}
    for name in ("edgecnn", *installed_builds(), "opencv-python", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed by pip"
    return found
