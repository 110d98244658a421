"""edgecnn calls nobody and leaves nothing behind: measured from outside, system call by call."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CALLS_OUT = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(.*\bAF_INET6?\b")

CLASSIFY = """
import sys, time
import edgecnn
import numpy as np

frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
with edgecnn.Classifier(sys.argv[1], threads=2) as classify:
    for _ in range(20):  # long enough for whoever calls out from a thread of its own
        classify(frame)
        time.sleep(0.1)
"""
SEND = """
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
"""


def bare_environment(home: Path) -> dict[str, str]:
    """Return a user's first environment: a home, a path, no edgecnn or ONNX Runtime variables."""
    return {"HOME": str(home), "PATH": os.environ["PATH"]}


def run(script: str, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)


def traced_calls(folder: Path, script: str, *arguments: str) -> list[str]:
    """Run a script under strace; return the system calls with which it talks to a network."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    log, home = folder / "strace.log", folder / "home"
    home.mkdir()
    strace = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(log)]
    done = subprocess.run(
        [*strace, sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=bare_environment(home),
    )
    if "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return [line for line in log.read_text().splitlines() if CALLS_OUT.search(line)]


def test_a_call_to_the_network_would_be_seen(tmp_path: Path) -> None:
    assert len(traced_calls(tmp_path, SEND)) == 1


def test_classifying_calls_nobody(int8: Path, tmp_path: Path) -> None:
    assert traced_calls(tmp_path, CLASSIFY, str(int8)) == []


def test_classifying_leaves_no_file_in_the_home_and_no_word_on_the_terminal(
    int8: Path, tmp_path: Path
) -> None:
    done = run(CLASSIFY, str(int8), env=bare_environment(tmp_path))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert list(tmp_path.rglob("*")) == []


def test_telemetry_is_off_before_onnxruntime_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys, os, edgecnn;"
        "print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    )
    assert run(script, env=bare_environment(tmp_path)).stdout.split() == ["1", "False"]


def test_a_value_that_leaves_telemetry_on_is_replaced(tmp_path: Path) -> None:
    env = {**bare_environment(tmp_path), "ORT_DISABLE_TELEMETRY": "0"}
    script = "import os, edgecnn; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert run(script, env=env).stdout.strip() == "1"


# A module by that name stands in: the real one, imported first, might call out.
LATE = "import sys, types; sys.modules['onnxruntime'] = types.ModuleType('onnxruntime');"


def test_importing_onnxruntime_first_warns_that_telemetry_may_be_on(tmp_path: Path) -> None:
    done = run(LATE + "import edgecnn", env=bare_environment(tmp_path))
    assert "UserWarning: onnxruntime was imported before edgecnn" in done.stderr
    assert "import edgecnn first" in done.stderr


def test_importing_onnxruntime_first_is_fine_with_telemetry_off(tmp_path: Path) -> None:
    env = {**bare_environment(tmp_path), "ORT_DISABLE_TELEMETRY": "1"}
    assert run(LATE + "import edgecnn", env=env).stderr == ""
