"""Cameras over HTTP: passwords, and what is left to FFmpeg."""

import subprocess
import sys
from pathlib import Path

import pytest
from cameras import forever, http_camera, scene
from live_sources import EventLog, capture_pid, frames_of

from edgecnn.errors import SourceError
from edgecnn.opencv import cv2
from edgecnn.sources.capture import open_source
from edgecnn.sources.events import SourceEvent


def test_a_password_opens_the_camera_and_is_nowhere_to_be_seen(events: EventLog) -> None:
    with http_camera(forever, login="me:s/e cret") as camera:
        url = camera.url.replace("://", "://me:s%2Fe%20cret@")
        with open_source(url, events.options()) as opened:
            next(opened.captured_frames())
            command = Path(f"/proc/{capture_pid(opened)}/cmdline").read_bytes()
    assert opened.name == camera.url
    assert b"cret" not in command + repr(events).encode() + opened.facts.encode()


def test_a_wrong_password_says_so_without_telling_it(events: EventLog) -> None:
    with http_camera(forever, login="me:secret") as camera:
        url = camera.url.replace("://", "://me:wrong@")
        with pytest.raises(SourceError, match="did not open: the camera answers 401") as refusal:
            next(frames_of(url, events.options()))
    assert "password" in refusal.value.remedy
    assert "wrong" not in str(refusal.value) + repr(events)
    assert events.kinds == [SourceEvent.CONNECTING, SourceEvent.FAILED]


def test_a_video_over_http_is_left_to_ffmpeg(events: EventLog, tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for level in range(0, 250, 10):
        writer.write(scene(level))
    writer.release()
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    server = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        port = server.stdout.readline().split()[5]
        with open_source(f"http://127.0.0.1:{port}/clip.avi", events.options()) as opened:
            assert next(opened.captured_frames()).frame_bgr.shape == (48, 64, 3)
            assert opened.facts == "64x48, 10 fps"
    finally:
        server.kill()
        server.communicate()
