"""The doctor on machines that lack, throttle, overheat and break: real files and programs."""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import files
from pathlib import Path

import pytest

import edgecnn
from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor import hardware, native, software, surroundings
from edgecnn.doctor.examine import CHECKS, examine, finding_rows, look
from edgecnn.doctor.finding import DoctorReport, Finding, Place
from edgecnn.errors import OptionError

ROOT = Path(edgecnn.__file__).parents[1]
CPU0 = "sys/devices/system/cpu/cpu0/cpufreq"
ZONE = "sys/class/thermal/thermal_zone0"

Check = Callable[[Place], Iterator[Finding]]


def write(root: Path, files: dict[str, str]) -> Place:
    """Make a root with files in its proc and sys folders."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return Place(root, root)


def only(check: Check, place: Place) -> Finding:
    (finding,) = check(place)
    return finding


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
        ("81500", "", WARN, "82 C, slows down from 80 C"),
        ("70000", "65000", WARN, "70 C, slows down from 65 C"),
        ("85000", "95000", OK, "85 C of 95 C"),
        ("-274000", "", OK, "does not say"),
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
    finding = only(hardware.check_heat, write(tmp_path, files))
    assert finding.result == result
    assert words in finding.reason


def test_the_zone_nearest_to_its_limit_is_told(tmp_path: Path) -> None:
    other = "sys/class/thermal/thermal_zone1"
    files = {
        f"{ZONE}/temp": "60000", f"{other}/temp": "55000",
        f"{other}/trip_point_0_type": "passive", f"{other}/trip_point_0_temp": "50000",
    }  # fmt: skip
    assert "55 C, slows down from 50 C" in only(hardware.check_heat, write(tmp_path, files)).reason


@pytest.fixture
def firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a `vcgencmd` on the PATH that prints what it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def say(script: str) -> None:
        program = folder / "vcgencmd"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    return say


SYSFS = "sys/devices/platform/soc/soc:firmware/get_throttled"


def test_a_machine_without_such_firmware_has_no_line(tmp_path: Path) -> None:
    assert list(hardware.check_throttling(Place(tmp_path))) == []


@pytest.mark.parametrize(
    ("bits", "result", "words"),
    [
        ("0x0", OK, "never"),
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


def test_what_sysfs_misses_the_firmware_tells_and_the_other_way_round(
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


def test_a_folder_that_can_be_written_stays_as_it_was(tmp_path: Path) -> None:
    assert only(surroundings.check_disk, Place(folder=tmp_path)).result in (
        OK,
        WARN,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_failure_with_its_reason() -> None:
    (finding,) = look("disk", surroundings.check_disk, Place(folder=Path("/proc")))
    assert (finding.name, finding.result) == ("disk", FAIL)
    assert "could not be written" in finding.reason
    assert finding.remedy


@pytest.mark.parametrize(
    ("state", "result"),
    [(0, OK), (1, OK), (5, WARN), (-1, OK)],
)
def test_a_clock_that_nothing_keeps_right_is_warned_of(state: int, result: str) -> None:
    assert surroundings.clock_finding(state).result == result


def test_this_machines_clock_is_judged_as_the_kernel_says() -> None:
    class Timex(ctypes.Structure):
        _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_long * 100))

    state = ctypes.CDLL(None).adjtimex(ctypes.byref(Timex()))
    assert only(surroundings.check_clock, Place()) == surroundings.clock_finding(state)


def test_no_camera_is_a_warning(tmp_path: Path) -> None:
    finding = only(surroundings.check_cameras, Place(tmp_path))
    assert (finding.result, finding.name) == (WARN, "cameras")


def test_a_camera_that_cannot_be_used_is_a_warning_with_its_remedy(tmp_path: Path) -> None:
    place = write(tmp_path, {"dev/video0": "", "sys/class/video4linux/video0/name": "Cam"})
    finding = only(surroundings.check_cameras, place)
    assert (finding.name, finding.result) == ("camera 0", WARN)
    assert finding.reason.startswith("Cam: ")
    assert finding.remedy


def test_a_check_that_breaks_down_is_a_failure_and_not_the_end(tmp_path: Path) -> None:
    place = write(tmp_path, {f"{ZONE}/temp": "warm"})
    (finding,) = look("temperature", hardware.check_heat, place)
    assert (finding.name, finding.result) == ("temperature", FAIL)
    assert "ValueError" in finding.reason
    assert "'warm'" in finding.reason


def test_a_check_that_is_refused_keeps_the_remedy() -> None:
    def check(_: Place) -> Iterator[Finding]:
        raise OptionError("a", remedy="b")

    assert look("x", check, Place()) == [Finding("x", FAIL, "a", "b")]


@pytest.mark.parametrize(
    ("source", "result", "words"),
    [
        ("pattern", OK, "640x480"),
        ("gone.mp4", FAIL, "gone.mp4"),
        ("exec:false", FAIL, "ended with 1"),
        ("exec:4x4:gray:head -c 16 /dev/zero", WARN, "all of one shade"),
    ],
)
def test_one_frame_is_taken_of_the_source(source: str, result: str, words: str) -> None:
    (finding,) = look("frame", native.check_frame, Place(source=source))
    assert finding.result == result
    assert words in finding.reason


def test_without_a_source_no_frame_is_taken() -> None:
    assert list(native.check_frame(Place())) == []


def test_a_whole_model_is_right_here_and_leaves_nothing_in_the_home() -> None:
    assert [(row.name, row.result) for row in native.check_model(Place())] == [
        ("fit rule", OK), ("model", OK), ("telemetry", OK),
    ]  # fmt: skip


def test_extras_are_information() -> None:
    findings = list(software.check_extras(Place()))
    assert [row.name for row in findings] == ["[train]", "[web]"]
    assert {row.result for row in findings} == {OK}
    assert findings[0].reason == "installed"


def test_a_report_travels_as_json_and_every_complaint_has_a_remedy(tmp_path: Path) -> None:
    watched: list[str] = []
    report = examine(root=tmp_path, folder=tmp_path, on_progress=watched.append)
    assert DoctorReport.from_json(report.to_json()) == report
    assert watched == list(CHECKS)
    assert report.failures == ()
    assert all(bool(row.remedy) == (row.result != OK) for row in report.findings)


def test_people_see_the_remedy_below_the_complaint() -> None:
    rows = finding_rows(DoctorReport((Finding("a", OK, "fine"), Finding("b", WARN, "bad", "do"))))
    assert rows == [("a", "OK    fine"), ("b", "WARN  bad"), ("", "      try: do")]


WITHOUT = ("onnxruntime", "numpy", "opencv", "cv2")
BARE = """
import sys
sys.path[:] = {path!r}
sys.argv = ["edgecnn", *{arguments!r}]
from edgecnn.cli import main
main()
"""


def bare_python(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run edgecnn where neither ONNX Runtime nor OpenCV nor numpy is installed."""
    (typer,) = {Path(str(file.locate())).parents[1] for file in files("typer") or ()
                if str(file) == "typer/__init__.py"}  # fmt: skip
    for there in typer.iterdir():
        if not there.name.startswith(WITHOUT):
            (folder / there.name).symlink_to(there)
    library = [entry for entry in sys.path if entry.endswith((".zip", "lib-dynload"))]
    path = [str(ROOT), str(folder), str(Path(os.__file__).parent), *library]
    return subprocess.run(
        [sys.executable, "-S", "-c", BARE.format(path=path, arguments=arguments)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_what_is_missing_is_a_line_each_and_never_a_traceback(tmp_path: Path) -> None:
    done = bare_python(tmp_path, "doctor", "--format", "json")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    failed = {
        row["name"]: row for row in json.loads(done.stdout)["findings"] if row["result"] == FAIL
    }
    assert set(failed) == {"packages", "OpenCV", "ONNX Runtime", "model", "providers"}
    assert failed["OpenCV"]["remedy"] == "pip install numpy"
    assert 'pip install "edgecnn[cpu]"' in failed["ONNX Runtime"]["remedy"]
    assert "not ready: packages, OpenCV" in done.stderr


def test_devices_lists_cameras_where_nothing_is_installed(tmp_path: Path) -> None:
    done = bare_python(tmp_path, "devices")
    assert done.returncode == 0, done.stderr
    assert "camera" in done.stdout
    assert "no ONNX Runtime is installed" in done.stdout.splitlines()[-1]


def test_opencv_without_a_system_library_names_the_packages_that_bring_it(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file: No such file')"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path[1:]])
    done = subprocess.run(
        [sys.executable, "-m", "edgecnn", "doctor"], capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.startswith("OpenCV ")]
    assert "FAIL  opencv-python misses a system library: libGL.so.1" in lines[number]
    assert "apt-get install libgl1 libglib2.0-0" in lines[number + 1]
