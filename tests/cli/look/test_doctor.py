"""`edgecnn doctor` as a user meets it, also where libraries are missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

from commands import command

from cli.look.bare import bare_python
from edgecnn.check_result import FAIL


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
    assert "FAIL  opencv-python lacks a system library: libGL.so.1" in lines[number]
    assert "apt-get install libgl1 libglib2.0-0" in lines[number + 1]


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
