"""The window of a run, on a virtual screen, with real keys and real cameras."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cameras import forever, http_camera, level_of, scene, then_silent
from virtual_screen import Screen, virtual_screen

from edgecnn.errors import DeviceError
from edgecnn.model.frame import Frame
from edgecnn.opencv import decode_picture
from edgecnn.sinks.names import number_of
from edgecnn.window.frame_saver import Folders
from edgecnn.window.window import WindowSink

TITLE = "edgecnn objects-small"


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with virtual_screen() as started:
        yield started


class Ran:
    """`edgecnn run --show` in a folder, with its window open."""

    def __init__(self, screen: Screen, folder: Path, *sources: str) -> None:
        self._screen, self._folder = screen, folder
        given = [word for source in sources for word in ("--source", source)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgecnn", "run", "objects-small", *given, "--show",
             "--csv", "r.csv", "--format", "json", "--stall-timeout", "60"],
            env={**screen.environment, "PYTHONPATH": os.pathsep.join(sys.path)}, cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def press(self, key: str) -> None:
        self._screen.press(TITLE, key)
        time.sleep(0.37)  # of two keys that come at once Qt may give us only the later one

    def wait_for_frames(self, *sources: str, last: int = 1) -> None:
        """Wait until a result of each source has come, and that with a number."""
        register = self._folder / "r.csv"

        def has_come() -> bool:
            text = register.read_text() if register.exists() else ""
            return f",{last}," in text and all(f"{source}," in text for source in sources)

        self.wait_for(has_come)

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, and fail where it never does."""
        end = time.monotonic() + 30
        while not holds():
            assert self._process.poll() is None, self._process.communicate()
            assert time.monotonic() < end, "it did not happen within 30 s"
            time.sleep(0.05)

    @property
    def shots(self) -> list[Path]:
        return sorted((self._folder / "shots").glob("*.png"), key=number_of)

    def shoot(self) -> Path:
        """Press the key that saves the frame, until one is there; return the picture."""
        before, tries = len(self.shots), 0

        def is_there() -> bool:
            nonlocal tries
            if len(self.shots) == before and tries % 60 == 0:  # the window may not have had one yet
                self.press("s")
            tries += 1
            return len(self.shots) > before

        self.wait_for(is_there)
        return self.shots[-1]

    def end(self, key: str = "q") -> dict[str, object]:
        """Press the key that ends the run; return its report."""
        self.press(key)
        output, errors = self._process.communicate(timeout=30)
        assert self._process.returncode == 130, errors
        assert "Traceback" not in errors
        report: dict[str, object] = json.loads(output)
        return report

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def shot_of(ran: Ran) -> Frame:
    """Let the window save its frame, and return that."""
    shot = decode_picture(ran.shoot().read_bytes())
    assert shot is not None
    return shot


@pytest.fixture
def run(screen: Screen, tmp_path: Path) -> Iterator[Callable[..., Ran]]:
    started: list[Ran] = []

    def start(*sources: str) -> Ran:
        started.append(Ran(screen, tmp_path, *sources))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def test_every_key_works_while_the_camera_sends_nothing(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    with http_camera(then_silent) as camera:
        ran = run(camera.url)
        ran.wait_for_frames(last=5)
        ran.wait_for(lambda: level_of(shot_of(ran)) == 40)  # the last scene that it sent
        shot = shot_of(ran)
        assert shot.shape == scene(0).shape
        ran.press("l")
        ran.press("3")
        ran.wait_for(lambda: (tmp_path / "pictures" / "train" / "cat").is_dir())
        (labelled,) = (tmp_path / "pictures" / "train" / "cat").glob("[!.]*.png")
        np.testing.assert_array_equal(decode_picture(labelled.read_bytes()), shot)
        report = ran.end("Escape")
    assert (report["frames"], report["interrupted"]) == (5, True)


def test_a_digit_labels_nothing_until_the_classes_are_shown(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    with http_camera(then_silent) as camera:
        ran = run(camera.url)
        ran.wait_for_frames()
        ran.press("3")
        ran.shoot()  # keys are heard in turn: this one came later
        ran.end()
    assert not (tmp_path / "pictures").exists()


def test_a_pause_holds_the_frame_while_the_run_goes_on(run: Callable[..., Ran]) -> None:
    with http_camera(forever) as camera:
        ran = run(camera.url)
        ran.wait_for_frames()
        ran.shoot()
        ran.press("p")
        held = [ran.shoot().read_bytes() for _ in range(2)]
        ran.press("space")
        moving = {ran.shoot().read_bytes() for _ in range(3)}
        ran.end()
    assert held[0] == held[1]
    assert len(moving | {held[0]}) > 1


def test_tab_shows_the_next_source(run: Callable[..., Ran]) -> None:
    with http_camera(forever) as left, http_camera(forever) as right:
        ran = run(left.url, right.url)
        ran.wait_for_frames(left.url, right.url)
        names = set()
        for _ in range(2):
            names.add(ran.shoot().name.split("-live-")[0].rpartition("-")[2])
            ran.press("Tab")
        ran.end()
        assert names == {str(left.port), str(right.port)}


def test_a_window_without_a_screen_is_an_error_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DeviceError, match="no screen") as refusal:
        WindowSink("edgecnn", ("cat", "dog"), Folders())
    assert "--save" in refusal.value.remedy
