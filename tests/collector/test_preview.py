"""The window of a recording, on a virtual screen, with real keys."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cameras import http_camera, then_silent
from virtual_screen import Screen, virtual_screen

from edgecnn.collector.preview import TITLE

COLLECT = """
import sys
from edgecnn import collect
from edgecnn.collector.filters import Filters
every_frame = Filters(min_sharpness=0, min_change=0)
source, out = sys.argv[1:]
print(collect("cup", source, out, window=True, filters=every_frame).to_json())
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with virtual_screen() as started:
        yield started


Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(screen: Screen, tmp_path: Path) -> Iterator[Start]:
    """Start a recording of a source into the test's folder, with its window open."""
    started = []

    def run(source: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", COLLECT, source, str(tmp_path)],
            env=screen.environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def recording(start: Start) -> "subprocess.Popen[str]":
    """A recording of the test pattern."""
    return start("pattern")


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds, and fail where it never does."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, "it did not happen within 120 s"
        time.sleep(0.05)


def pictures(folder: Path) -> int:
    return len(list(folder.rglob("*.png")))


def test_space_takes_one_frame_and_q_ends_the_recording(
    screen: Screen, recording: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    screen.press(TITLE, "space")
    wait_for(lambda: pictures(tmp_path) == 1)
    screen.press(TITLE, "q")
    report = json.loads(recording.communicate(timeout=120)[0])
    assert (report["kept"], report["interrupted"]) == (1, False)
    assert report["seen"] > 1


def test_b_takes_frames_until_it_is_pressed_again(
    screen: Screen, recording: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    screen.press(TITLE, "b")
    wait_for(lambda: pictures(tmp_path) >= 3)
    screen.press(TITLE, "b")
    screen.press(TITLE, "Escape")
    report = json.loads(recording.communicate(timeout=120)[0])
    assert report["kept"] == pictures(tmp_path) >= 3
    assert report["kept"] < report["seen"]


def test_keys_are_heard_while_the_camera_sends_nothing(
    screen: Screen, start: Start, tmp_path: Path
) -> None:
    with http_camera(then_silent) as camera:
        recording = start(camera.url)
        screen.press(TITLE, "b")  # the window is there once a frame has come, and all came at once
        screen.press(TITLE, "q")
        report = json.loads(recording.communicate(timeout=4)[0])  # a stall is noticed after five
    assert (report["kept"], report["interrupted"]) == (pictures(tmp_path), False)
    assert report["seen"] <= 5


def test_a_signal_ends_a_recording_in_a_window_with_its_report(
    recording: "subprocess.Popen[str]", tmp_path: Path, screen: Screen
) -> None:
    screen.press(TITLE, "space")
    wait_for(lambda: pictures(tmp_path) == 1)
    recording.send_signal(signal.SIGINT)
    report = json.loads(recording.communicate(timeout=30)[0])
    assert (report["kept"], report["interrupted"]) == (1, True)
