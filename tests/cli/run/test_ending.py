"""How `edgecnn run` ends: signals, a reader that goes away, sinks that failed."""

import re
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import pytest
from cameras import http_camera, then_silent
from commands import started
from processes import children_of, left

# A model whose inference never returns, as a broken driver's does: it waits without Python's lock.
HANGING = """
import sys, time
from edgecnn.cli import main
from edgecnn.inference import classifier

class Hanging(classifier.Classifier):
    def __call__(self, frames):
        if self.calls == 3:
            print("hanging", file=sys.stderr, flush=True)
            time.sleep(1000)
        self.calls += 1
        return super().__call__(frames)
    calls = 0

classifier.Classifier = Hanging
main()
"""


def test_ctrl_c_stops_a_run_with_a_summary(int8: Path) -> None:
    words = ("-m", "edgecnn", "run", int8, "--source", "pattern")
    with started(sys.executable, *words) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped, " in errors
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_ends_the_run_quietly(int8: Path) -> None:
    line = f"{sys.executable} -m edgecnn run {int8} --source pattern | head -n 2"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr


def start(
    *arguments: str, script: str = "from edgecnn.cli import main; main()"
) -> AbstractContextManager["subprocess.Popen[str]"]:
    return started(sys.executable, "-c", script, *arguments)


def read_until(words: str, stream: "IO[str] | None") -> None:
    """Read lines up to one with these words."""
    assert stream is not None
    assert any(words in line for line in stream)


def test_an_inference_that_hangs_ends_the_process_with_its_own_code(int8: Path) -> None:
    with start(
        "run", str(int8), "--source", "pattern", "--watchdog", "2.5", script=HANGING
    ) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, len(output.splitlines())) == (6, 3)
    assert "an inference has not returned in 2.5 s" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_during_a_hung_inference_ends_the_process_too(
    int8: Path, sign: signal.Signals, code: int
) -> None:
    with start("run", str(int8), "--source", "pattern", script=HANGING) as process:
        read_until("hanging", process.stderr)
        process.send_signal(sign)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"stopped by {sign.name}; not all could be finished" in errors


@pytest.mark.parametrize(("sign", "code"), [
    (signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0),
])  # fmt: skip
def test_a_signal_ends_a_run_with_its_summary_and_no_process_is_left(
    int8: Path, sign: signal.Signals, code: int
) -> None:
    with (
        http_camera(then_silent) as camera,
        start("run", str(int8), "--source", camera.url, "--stall-timeout", "60") as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        children = children_of(process.pid)
        process.send_signal(sign)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert re.search(r"stopped, \d+ frames", errors)
    assert len(children) == 1
    assert left(children) == 0


def test_a_reader_that_goes_away_before_the_end_is_no_failure_of_ours() -> None:
    line = f"{sys.executable} -m edgecnn run objects-small --source pattern --max-frames 3 | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 130)
    assert "Traceback" not in done.stderr
    assert "roken pipe" not in done.stderr
