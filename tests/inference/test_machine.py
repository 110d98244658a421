"""What machine this is, read from its proc and sys folders."""

from pathlib import Path

import pytest

from edgecnn.inference.builds import installed_builds
from edgecnn.inference.machine import Machine, describe_machine

X86 = """\
processor\t: 0
vendor_id\t: GenuineIntel
model\t\t: 151
model name\t: 12th Gen Intel(R) Core(TM) i5-1235U
flags\t\t: fpu sse sse4_1 avx avx2 avx_vnni
bugs\t\t: spectre_v1

processor\t: 1
model name\t: another core
flags\t\t: fpu
"""
PI = """\
processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 asimddp
CPU implementer\t: 0x41

Revision\t: d04170
Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""


def fake_root(folder: Path, cpuinfo: str = "", meminfo: str = "", governor: str = "") -> Path:
    files = {
        "proc/cpuinfo": cpuinfo,
        "proc/meminfo": meminfo,
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": governor,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("cpuinfo", "cpu", "flags"),
    [
        (X86, "12th Gen Intel(R) Core(TM) i5-1235U", ("sse4_1", "avx2", "avx_vnni")),
        (PI, "Raspberry Pi 5 Model B Rev 1.0", ("asimddp",)),
    ],
    ids=["x86", "Arm"],
)
def test_the_processor_and_its_int8_instructions_are_named(
    tmp_path: Path, cpuinfo: str, cpu: str, flags: tuple[str, ...]
) -> None:
    machine = describe_machine(fake_root(tmp_path, cpuinfo))
    assert (machine.cpu, machine.flags) == (cpu, flags)


def test_the_memory_is_given_in_gib(tmp_path: Path) -> None:
    root = fake_root(tmp_path, meminfo="MemTotal:        8146484 kB\nMemFree: 1 kB\n")
    assert describe_machine(root).memory_gib == 7.8


def test_the_governor_is_named(tmp_path: Path) -> None:
    machine = describe_machine(fake_root(tmp_path, governor="powersave\n"))
    assert machine.governor == "powersave"
    assert "governor powersave" in str(machine)


def test_a_machine_that_reports_nothing_is_described_all_the_same(tmp_path: Path) -> None:
    machine = describe_machine(tmp_path)
    assert (machine.flags, machine.governor, machine.memory_gib) == ((), "", 0.0)
    assert machine.cpu
    assert "no int8 instruction sets known" in str(machine)
    assert "governor" not in str(machine)


def test_bytes_that_are_no_text_do_not_stop_the_description(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    (root / "proc/cpuinfo").write_bytes(b"model name : \xff\xfe cpu\n")
    assert describe_machine(root).cpu.endswith("cpu")


def test_this_machine_has_cores_memory_and_one_onnx_runtime() -> None:
    machine = describe_machine()
    assert machine.cores >= 1
    assert machine.memory_gib > 0
    assert {*installed_builds(), "edgecnn", "numpy"} <= set(machine.versions)
    assert machine.cpu in str(machine)


def test_a_machine_travels_as_json() -> None:
    machine = describe_machine()
    assert Machine.from_json(machine.to_json()) == machine
