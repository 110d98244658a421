"""`devices` and `doctor` as a user meets them, and what `run` says of a camera that is held."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def command(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run edgecnn with nothing on stdin, as in a service."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "edgecnn", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_help_names_both() -> None:
    text = command("--help").stdout
    assert "devices" in text
    assert "doctor" in text


def test_devices_has_a_line_for_cameras_and_one_for_the_cpu() -> None:
    done = command("devices")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("camera")
    assert any(line.startswith("provider cpu") and "runs int8 and fp32" in line for line in lines)


def test_the_doctor_finds_this_machine_fit_and_takes_a_frame() -> None:
    done = command("doctor", "--source", "pattern", "--format", "json")
    assert done.returncode == 0, done.stderr
    findings = {row["name"]: row for row in json.loads(done.stdout)["findings"]}
    assert findings["frame"]["reason"] == "pattern: 640x480"
    assert findings["model"]["result"] == "OK"


def test_the_doctor_fails_for_a_source_that_is_not_there_and_hides_its_password() -> None:
    done = command("doctor", "--source", "http://me:secret@127.0.0.1:9/")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("frame")]
    assert "FAIL  source 'http://127.0.0.1:9/' did not open" in line
    assert "not ready: frame" in done.stderr
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
def test_a_camera_that_another_process_holds_is_told_with_its_pid() -> None:
    with Path("/dev/full").open() as held:  # a device that OpenCV cannot open either way
        done = command("run", "digits", "--source", "/dev/full")
        assert not held.closed
    assert done.returncode == 5
    assert f"it is busy: pid {os.getpid()} (" in done.stderr
    assert "`edgecnn devices` tells more" in done.stderr
