"""The window of a recording, on a virtual screen, with real keys."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from virtual_screen import Screen, virtual_screen

from edgecnn.collector.window import TITLE

COLLECT = """
import sys
from edgecnn import collect
from edgecnn.collector.filters import Filters
every_frame = Filters(min_sharpness=0, min_change=0)
print(collect("cup", "pattern", sys.argv[1], window=True, filters=every_frame).to_json())
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with virtual_screen() as started:
        yield started


@pytest.fixture
def recording(screen: Screen, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A recording of the test pattern into the test's folder, with its window open."""
    process = subprocess.Popen(
        [sys.executable, "-c", COLLECT, str(tmp_path)],
        env=screen.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield process
    process.kill()
    process.wait()


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
