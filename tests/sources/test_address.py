"""What a text names as a source, and how it is shown."""

import os
from pathlib import Path

import pytest

from edgecnn.sources.address import Kind, hide_credentials, hide_in_words, kind_of

KINDS = {
    "pattern": Kind.PATTERN,
    "0": Kind.CAMERA,
    "/dev/video7": Kind.CAMERA,
    "/dev/v4l/by-id/usb-Cam-index0": Kind.CAMERA,
    "/dev/null": Kind.CAMERA,
    "http://cam/live": Kind.HTTP,
    "HTTPS://cam/live": Kind.HTTP,
    "rtsp://cam/live": Kind.STREAM,
    "udp://0.0.0.0:5000": Kind.STREAM,
    "exec:rpicam-vid -o -": Kind.COMMAND,
    "exec:ffmpeg -i rtsp://cam -": Kind.COMMAND,
    "film.mp4": Kind.FILE,
    "one.PNG": Kind.PICTURES,
    "/": Kind.PICTURES,
}


@pytest.mark.parametrize(("source", "kind"), KINDS.items(), ids=KINDS)
def test_a_text_names_a_kind_of_source(source: str, kind: Kind) -> None:
    assert kind_of(source) is kind


@pytest.mark.parametrize("name", ["frames", "frames.png", "frames.mp4"])
def test_a_fifo_is_a_stream_whatever_its_name(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert kind_of(str(tmp_path / name)) is Kind.STREAM


def test_only_what_comes_by_itself_is_live() -> None:
    waiting = {Kind.PATTERN, Kind.PICTURES, Kind.FILE}
    assert {kind for kind in Kind if not kind.live} == waiting


HIDDEN = {
    "rtsp://user:secret@cam/live": "rtsp://cam/live",
    "rtsp://user@cam:554/live": "rtsp://cam:554/live",
    "rtsp://user:s@cret@cam/": "rtsp://cam/",
    "http://user:secret@cam": "http://cam",
    "rtsp://user:se/cret@cam/live": "rtsp://cam/live",
    "http://cam/video?user=a&pwd=secret": "http://cam/video?...",
    "http://[::1]:8080/x": "http://[::1]:8080/x",
    "video.mp4": "video.mp4",
    "0": "0",
    "folder/a@b.mp4": "folder/a@b.mp4",
    "exec:ffmpeg -i rtsp://u:secret@cam/1 -f mjpeg -": "exec:ffmpeg -i rtsp://cam/1 -f mjpeg -",
    "exec:get http://cam?p=secret -o -": "exec:get http://cam?... -o -",
    "rtsp://u:sec ret@cam/live": "rtsp://cam/live",
}


@pytest.mark.parametrize(("url", "shown"), HIDDEN.items(), ids=HIDDEN)
def test_credentials_are_cut_out_of_a_source(url: str, shown: str) -> None:
    assert hide_credentials(url) == shown


def test_credentials_are_cut_out_of_what_a_command_says() -> None:
    said = hide_in_words("cannot open rtsp://u:secret@cam/1: 401 for user@cam")
    assert said == "cannot open rtsp://cam/1: 401 for user@cam"
