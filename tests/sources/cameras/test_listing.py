"""Cameras are found in folders as the kernel makes them, and queried with its structs."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from compiled import compile_library

from edgecnn.doctor.devices import DevicesReport
from edgecnn.sources.cameras.listing import Camera, list_cameras, stable_camera, who_holds
from edgecnn.sources.cameras.v4l2 import Mode

HERE = Path(__file__).parent
LIST = """
import sys
from pathlib import Path
from edgecnn.doctor.devices import DevicesReport
from edgecnn.sources.cameras.listing import list_cameras
from edgecnn.inference.provider_trial import Providers
cameras = tuple(list_cameras(Path(sys.argv[1])))
print(DevicesReport(cameras, Providers((), ()), "").to_json())
"""
HOLD = "import sys; file = open(sys.argv[1]); print(flush=True); sys.stdin.read()"


def add_camera(root: Path, number: int, name: str = "Desk Camera", index: int = 0) -> Path:
    """Make what the kernel and udev make of a camera; return its device."""
    facts, device = root / f"sys/class/video4linux/video{number}", root / f"dev/video{number}"
    facts.mkdir(parents=True)
    (facts / "name").write_text(f"{name}\n")
    (facts / "index").write_text(f"{index}\n")
    device.parent.mkdir(exist_ok=True)
    device.touch()
    if not (root / "proc").exists():
        (root / "proc").symlink_to("/proc")
    return device


def add_link(root: Path, number: int, name: str) -> str:
    folder = root / "dev/v4l/by-id"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(f"../../video{number}")
    return str(folder / name)


def ask(root: Path, **process: object) -> tuple[Camera, ...]:
    """List cameras in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LIST, str(root)],
        capture_output=True, text=True, timeout=60, check=False, **process,
    )  # type: ignore[call-overload]  # fmt: skip
    assert done.returncode == 0, done.stderr
    return DevicesReport.from_json(done.stdout).cameras


@pytest.fixture
def kernel(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which ioctls are answered as by a kernel with cameras."""
    library = compile_library(HERE / "v4l2_kernel.c", tmp_path / "v4l2_kernel.so")
    return {**os.environ, "LD_PRELOAD": str(library)}


def test_a_camera_is_listed_with_its_name_on_the_bus_and_its_modes(
    tmp_path: Path, kernel: dict[str, str]
) -> None:
    device = add_camera(tmp_path, 0)
    link = add_link(tmp_path, 0, "usb-Desk_Camera-video-index0")
    fast = (29.97, 15.0)
    modes = (
        Mode("MJPG", "640x480", fast),
        Mode("MJPG", "1280x720", fast),
        Mode("YUYV", "640x480", fast),
    )
    assert ask(tmp_path, env=kernel) == (
        Camera(link, str(device), 0, "Desk Camera", "uvcvideo", modes, "", ""),
    )


def test_the_structs_are_those_of_the_kernels_header_for_ranges_too(
    tmp_path: Path, kernel: dict[str, str]
) -> None:
    add_camera(tmp_path, 3, "Grabber")
    (camera,) = ask(tmp_path, env=kernel)
    assert camera.modes == (Mode("NV12", "from 16x32 to 1920x1080", (60.0, 1.0)),)


def test_a_device_that_gives_metadata_only_is_no_camera(
    tmp_path: Path, kernel: dict[str, str]
) -> None:
    add_camera(tmp_path, 0)
    add_camera(tmp_path, 1, index=1)
    assert [camera.index for camera in ask(tmp_path, env=kernel)] == [0]


def test_a_raw_sensor_is_sent_to_its_vendors_program(
    tmp_path: Path, kernel: dict[str, str]
) -> None:
    add_camera(tmp_path, 2, "unicam-image")
    (camera,) = ask(tmp_path, env=kernel)
    assert "raw sensor (unicam)" in camera.problem
    assert "exec:rpicam-vid" in camera.remedy


def test_no_folder_no_camera(tmp_path: Path) -> None:
    assert list_cameras(tmp_path) == []


def test_what_is_no_v4l2_device_is_listed_with_the_problem(tmp_path: Path) -> None:
    device = add_camera(tmp_path, 7, "Odd\x1b[2J Camera")
    (camera,) = list_cameras(tmp_path)
    assert camera.problem == f"{device} is no V4L2 device"
    assert (camera.index, camera.name, camera.source) == (7, "Odd [2J Camera", str(device))


def test_a_second_device_that_does_not_answer_is_not_a_second_camera(tmp_path: Path) -> None:
    add_camera(tmp_path, 0)
    add_camera(tmp_path, 1, index=1)
    assert [camera.index for camera in list_cameras(tmp_path)] == [0]


def test_cameras_come_by_number(tmp_path: Path) -> None:
    for number in (10, 9, 0):
        add_camera(tmp_path, number)
    assert [camera.index for camera in list_cameras(tmp_path)] == [0, 9, 10]


def test_a_camera_that_a_container_lacks_is_listed_with_the_remedy(tmp_path: Path) -> None:
    add_camera(tmp_path, 0).unlink()
    (camera,) = list_cameras(tmp_path)
    assert "is not there" in camera.problem
    assert "--device" in camera.remedy


@contextmanager
def holding(device: Path) -> Iterator[int]:
    """Have another process hold a device open; yield its id."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(device)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process.pid
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def test_a_camera_that_another_process_holds_is_busy_and_says_whose(tmp_path: Path) -> None:
    device = add_camera(tmp_path, 0)
    with holding(device) as pid:
        (camera,) = list_cameras(tmp_path)
        assert camera.problem.startswith(f"busy: pid {pid} (")
        assert "python" in camera.problem
    assert who_holds(device, tmp_path) == ""


def test_the_process_that_asks_does_not_count_as_holder(tmp_path: Path) -> None:
    device = add_camera(tmp_path, 0)
    with device.open():
        assert who_holds(device, tmp_path) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_who_may_not_open_a_camera_is_told_the_group() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        device = add_camera(root, 0)
        device.chmod(stat.S_IRUSR | stat.S_IWUSR)
        os.seteuid(65534)
        try:
            (camera,) = list_cameras(root)
        finally:
            os.seteuid(0)
        assert camera.problem == f"you may not open {device}"
        assert "usermod -aG video" in camera.remedy


@pytest.fixture
def two_cameras(tmp_path: Path) -> Path:
    """Two cameras, of which one has a name on the bus."""
    (tmp_path / "v4l" / "by-id").mkdir(parents=True)
    for number in (0, 1):
        (tmp_path / f"video{number}").touch()
    (tmp_path / "v4l" / "by-id" / "usb-Cam-index0").symlink_to("../../video1")
    return tmp_path


def test_a_camera_has_the_path_of_its_name_on_the_bus(two_cameras: Path) -> None:
    link = str(two_cameras / "v4l" / "by-id" / "usb-Cam-index0")
    assert stable_camera("1", two_cameras) == link
    assert stable_camera(str(two_cameras / "video1"), two_cameras) == link
    assert stable_camera(link, two_cameras) == link


def test_a_camera_without_a_name_on_the_bus_has_its_numbered_path(two_cameras: Path) -> None:
    assert stable_camera("0", two_cameras) == str(two_cameras / "video0")
    assert stable_camera("9", two_cameras) == str(two_cameras / "video9")
