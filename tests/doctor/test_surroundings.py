"""Checks of cameras, the working folder and the clock."""

import ctypes
from pathlib import Path

import pytest

from doctor.roots import only, write
from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor import surroundings
from edgecnn.doctor.examine import run_check
from edgecnn.doctor.finding import Place


def test_a_folder_that_can_be_written_stays_as_it_was(tmp_path: Path) -> None:
    assert only(surroundings.check_disk, Place(folder=tmp_path)).result in (
        OK,
        WARN,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_failure_with_its_reason() -> None:
    (finding,) = run_check("disk", surroundings.check_disk, Place(folder=Path("/proc")))
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
