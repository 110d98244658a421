"""Several sources are read as one; a source that cannot be opened says why."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from cameras import Wire, forever, http_camera, scene, then_silent
from commands import started
from conftest import real_data
from live_sources import QUICK, EventLog, until

from edgecnn.errors import EdgeError, NotFound, SourceError
from edgecnn.opencv import cv2
from edgecnn.sources.capture import open_source, open_sources
from edgecnn.sources.events import SourceEvent
from edgecnn.sources.stop import Stop


def open_only(source: str | int) -> None:
    with open_source(source):
        pass


def test_a_camera_that_is_not_there_says_which_ones_are() -> None:
    with pytest.raises(NotFound, match="there is no camera '99'") as refusal:
        open_only(99)
    assert "--wait" in refusal.value.remedy
    assert "camera" in refusal.value.remedy.partition(";")[2]


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_an_unreachable_camera_is_named_without_its_password(
    scheme: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EdgeError, match=rf"{scheme}://127\.0\.0\.1:9/") as refusal:
        open_only(f"{scheme}://user:secret@127.0.0.1:9/")
    assert isinstance(refusal.value, SourceError)
    assert "check the address" in refusal.value.remedy
    shown = capfd.readouterr()
    assert "secret" not in str(refusal.value) + shown.out + shown.err


def test_a_source_is_released_when_its_block_is_left_early() -> None:
    path = str(real_data("video", "car-detection.mp4"))
    with open_source(path) as opened:
        assert len(list(islice(opened, 2))) == 2
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}


def test_several_sources_are_served_in_turn_and_bad_ones_disturb_nobody(
    events: EventLog, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    with (
        http_camera(forever) as good,
        http_camera(forever) as other,
        http_camera(then_silent) as bad,
    ):
        urls = [good.url, "http://127.0.0.1:9/", other.url, bad.url, str(tmp_path / "fifo")]
        with open_sources(urls, events.options(patience=QUICK)) as opened:
            for url in (good.url, other.url, bad.url):
                until(opened, lambda captured, url=url: captured.source == url)  # type: ignore[misc]
            seen = [captured.source for captured in islice(opened.captured_frames(), 150)]
    assert abs(seen.count(good.url) - seen.count(other.url)) <= 15
    failed = [event.source for event in events if event.what is SourceEvent.FAILED]
    stalled = {event.source for event in events if event.what is SourceEvent.STALLED}
    assert failed == ["http://127.0.0.1:9/"]
    assert stalled == {bad.url}


def test_files_and_cameras_are_read_together_and_files_to_their_end(
    events: EventLog, tmp_path: Path
) -> None:
    for number in range(7):
        cv2.imwrite(str(tmp_path / f"{number}.png"), scene(number * 10))
    with (
        http_camera(forever) as camera,
        open_sources([str(tmp_path), camera.url], events.options()) as opened,
    ):
        seen = [captured.source for captured in islice(opened.captured_frames(), 30)]
    assert seen.count(str(tmp_path)) == 7


def test_a_broken_file_among_several_is_raised_when_the_others_have_ended(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        for number in range(5):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), scene(number))
    (tmp_path / "bad" / "1.png").write_bytes(b"no picture")
    seen: list[str] = []
    folders = [str(tmp_path / "good"), str(tmp_path / "bad")]
    with (
        open_sources(folders) as opened,
        pytest.raises(SourceError, match=r"1\.png is not a whole"),
    ):
        seen.extend(captured.source for captured in opened.captured_frames())
    assert [seen.count(folder) for folder in folders] == [5, 1]


@pytest.mark.parametrize("camera", [then_silent, forever], ids=["silent", "noise"])
def test_a_stop_request_ends_the_frames(events: EventLog, camera: Callable[[Wire], None]) -> None:
    stop = Stop()
    with http_camera(camera) as there, open_source(there.url, events.options(stop=stop)) as opened:
        next(opened.captured_frames())
        threading.Timer(0.3, stop.request).start()
        for _ in opened.captured_frames():
            assert not there.closing.is_set()
        assert stop.requested
    stop.close()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_waits_for_a_camera_ends_at_once_on_a_signal(int8: Path, sign: int) -> None:
    command = [sys.executable, "-m", "edgecnn", "run", str(int8), "--wait",
               "--source", "http://127.0.0.1:9/"]  # fmt: skip
    with started(*command) as process:
        assert process.stderr is not None
        assert any("CONNECTING" in line for line in process.stderr)
        process.send_signal(sign)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == (130 if sign == signal.SIGINT else 0)
    assert "Traceback" not in rest
