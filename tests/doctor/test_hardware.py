"""Checks of cores, temperature, throttling and memory, on real files and a real vcgencmd."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.roots import ZONE, only, write
from edgecnn.check_result import OK, WARN
from edgecnn.doctor import hardware
from edgecnn.doctor.finding import Place

CPU0 = "sys/devices/system/cpu/cpu0/cpufreq"


@pytest.mark.parametrize(
    ("governor", "driver", "result"),
    [
        ("performance", "cpufreq-dt", OK),
        ("ondemand", "cpufreq-dt", OK),
        ("powersave", "cpufreq-dt", WARN),
        ("powersave", "", WARN),
        ("powersave", "intel_pstate", OK),
        ("powersave", "amd-pstate-epp", OK),
    ],
)
def test_a_governor_that_keeps_the_clock_low_is_warned_of(
    tmp_path: Path, governor: str, driver: str, result: str
) -> None:
    files = {f"{CPU0}/scaling_governor": governor, f"{CPU0}/scaling_driver": driver}
    finding = only(hardware.check_cores, write(tmp_path, files))
    assert finding.result == result
    assert f"governor {governor}" in finding.reason


@pytest.mark.parametrize(
    ("heat", "trip", "result", "words"),
    [
        ("45000", "", OK, "45 C of 80 C"),
        ("81500", "", WARN, "82 C, throttles from 80 C"),
        ("70000", "65000", WARN, "70 C, throttles from 65 C"),
        ("85000", "95000", OK, "85 C of 95 C"),
        ("-274000", "", OK, "does not report"),
    ],
)
def test_heat_is_judged_by_the_machines_own_limit(
    tmp_path: Path, heat: str, trip: str, result: str, words: str
) -> None:
    files = {f"{ZONE}/temp": heat}
    if trip:
        files |= {
            f"{ZONE}/trip_point_0_type": "critical", f"{ZONE}/trip_point_0_temp": "1000",
            f"{ZONE}/trip_point_1_type": "passive", f"{ZONE}/trip_point_1_temp": trip,
        }  # fmt: skip
    finding = only(hardware.check_temperature, write(tmp_path, files))
    assert finding.result == result
    assert words in finding.reason


def test_the_zone_nearest_to_its_limit_is_reported(tmp_path: Path) -> None:
    other = "sys/class/thermal/thermal_zone1"
    files = {
        f"{ZONE}/temp": "60000", f"{other}/temp": "55000",
        f"{other}/trip_point_0_type": "passive", f"{other}/trip_point_0_temp": "50000",
    }  # fmt: skip
    assert (
        "55 C, throttles from 50 C"
        in only(hardware.check_temperature, write(tmp_path, files)).reason
    )


@pytest.fixture
def firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a `vcgencmd` on the PATH that runs a script."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def install(script: str) -> None:
        program = folder / "vcgencmd"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    return install


SYSFS = "sys/devices/platform/soc/soc:firmware/get_throttled"


def test_a_machine_without_such_firmware_has_no_line(tmp_path: Path) -> None:
    assert list(hardware.check_throttling(Place(tmp_path))) == []


@pytest.mark.parametrize(
    ("bits", "result", "words"),
    [
        ("0x0", OK, "never since boot"),
        (
            "0x50005",
            WARN,
            "supply voltage is too low, it is throttled, the supply voltage was",
        ),
        ("0x80008", WARN, "it is at its soft temperature limit, it was at its soft"),
    ],
)
def test_the_firmwares_throttle_bits_are_put_in_words(
    tmp_path: Path, firmware: Callable[[str], None], bits: str, result: str, words: str
) -> None:
    firmware(f'[ "$1" = get_throttled ] && echo throttled={bits}')
    finding = only(hardware.check_throttling, Place(tmp_path))
    assert finding.result == result
    assert words in finding.reason


def test_what_sysfs_misses_the_firmware_reports_and_the_other_way_round(
    tmp_path: Path, firmware: Callable[[str], None]
) -> None:
    write(tmp_path, {SYSFS: "0"})
    firmware("echo throttled=0x80008")
    assert hardware.read_throttled(tmp_path) == 0x80008
    write(tmp_path, {SYSFS: "1"})
    assert hardware.read_throttled(tmp_path) == 0x80009


@pytest.mark.parametrize("script", ["exit 1", "echo VCHI initialization failed", "kill -9 $$"])
def test_firmware_that_does_not_answer_is_no_firmware(
    tmp_path: Path, firmware: Callable[[str], None], script: str
) -> None:
    firmware(script)
    assert hardware.read_throttled(tmp_path) is None


@pytest.mark.parametrize(
    ("available_kb", "most", "used", "result", "words"),
    [
        (2**21, "", "", OK, "2.0 GiB"),
        (200 * 1024, "", "", WARN, "200 MiB"),
        (2**21, "max", "1", OK, "2.0 GiB"),
        (2**21, str(2**28), str(2**27), WARN, "128 MiB"),
    ],
)
def test_memory_is_what_the_machine_or_its_container_leaves(
    tmp_path: Path, available_kb: int, most: str, used: str, result: str, words: str
) -> None:
    text = f"MemTotal: 9999999 kB\nMemAvailable:   {available_kb} kB"
    group = "sys/fs/cgroup"
    files = {"proc/meminfo": text, f"{group}/memory.max": most, f"{group}/memory.current": used}
    finding = only(hardware.check_memory, write(tmp_path, files))
    assert finding.result == result
    assert words in finding.reason
