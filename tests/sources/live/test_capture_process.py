"""A capture process starts clean, dies with its parent, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cameras import http_camera, then_hang_up
from live_sources import EventLog, noise_command, soon, until
from processes import is_there

from edgecnn.sources.capture import open_source
from edgecnn.sources.events import SourceEvent

PARENT = """
import sys, time
from pathlib import Path
from edgecnn.sources.capture import open_source
with open_source(sys.argv[1]) as opened:
    next(opened.captured_frames())
    child = opened._feeds[0]._process.pid
    others = Path(f"/proc/{child}/task/{child}/children").read_text().split()
    print(child, *others, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_when_the_parent_is_killed_nobody_is_left(tmp_path: Path, stopped: bool) -> None:
    source = noise_command(tmp_path, period_s=60)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, source], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_there(pid) for pid in pids)
    if stopped:
        os.kill(pids[0], signal.SIGSTOP)
    parent.kill()
    parent.communicate()
    assert soon(lambda: not any(map(is_there, pids)))


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path, noise: str) -> None:
    (tmp_path / "script.py").write_text(
        "print('once')\n"
        "from edgecnn.sources.capture import open_source\n"
        f"with open_source({noise!r}) as opened:\n    next(opened.captured_frames())\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "once\n"), done.stderr


def test_the_working_folder_cannot_disturb_the_process(
    tmp_path: Path, noise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    with open_source(noise) as opened:
        next(opened.captured_frames())


def test_nothing_is_left_open_or_running(events: EventLog) -> None:
    def held() -> tuple[int, int]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return len(list(Path("/proc/self/fd").iterdir())), len(children)

    with http_camera(then_hang_up) as camera:
        before = held()
        with open_source(camera.url, events.options()) as opened:
            until(opened, lambda _: SourceEvent.RECONNECTING in events.kinds)
        assert soon(lambda: held() == before)
