"""`exec:` sources: how they are parsed, and the frames that commands write."""

from pathlib import Path

import numpy as np
import pytest
from cameras import jpeg, level_of, scene
from live_sources import EventLog, frames_of

from edgecnn.errors import OptionError
from edgecnn.opencv import cv2
from edgecnn.sources.capture import open_source
from edgecnn.sources.events import SourceEvent
from edgecnn.sources.live.command import CommandLine, parse_command


def test_a_command_is_split_like_a_shell_would() -> None:
    line = parse_command("exec:get --name 'two words' -o -")
    assert line == CommandLine(("get", "--name", "two words", "-o", "-"), 0, 0, "")


def test_raw_frames_have_a_size_and_a_format() -> None:
    line = parse_command("exec:640x480:bgr24:ffmpeg -i a:b -")
    assert line == CommandLine(("ffmpeg", "-i", "a:b", "-"), 640, 480, "bgr24")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("exec:", "no command"),
        ("exec:  ", "no command"),
        ("exec:say 'never closed", "cannot be split"),
        ("exec:640x480:h264:cam", "640x480 h264"),
        ("exec:641x480:nv12:cam", "641x480 nv12"),
        ("exec:0x480:gray:cam", "0x480 gray"),
    ],
)
def test_what_cannot_be_run_is_refused(source: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse_command(source)


RAW_CODES = {
    "gray": cv2.COLOR_BGR2GRAY,
    "rgb24": cv2.COLOR_BGR2RGB,
    "yuv420p": cv2.COLOR_BGR2YUV_I420,
}


def test_a_command_gives_raw_frames_and_its_source_ends_with_it(
    events: EventLog, tmp_path: Path
) -> None:
    frames = [scene(level) for level in (10, 120, 240)]
    (tmp_path / "raw").write_bytes(b"".join(frame.tobytes() for frame in frames))
    source = f"exec:64x48:bgr24:cat {tmp_path / 'raw'}"
    with open_source(source, events.options()) as opened:
        seen = [captured.frame_bgr for captured in opened.captured_frames()]
        assert opened.counts[source].frames == 3
    np.testing.assert_array_equal(seen[-1], frames[-1])
    assert events.kinds == [SourceEvent.CONNECTING, SourceEvent.LIVE]


@pytest.mark.parametrize("form", RAW_CODES)
def test_raw_frames_of_other_formats_become_bgr(
    events: EventLog, tmp_path: Path, form: str
) -> None:
    smooth = cv2.resize(scene(120)[::16, ::16], (64, 48))
    (tmp_path / "raw").write_bytes(cv2.cvtColor(smooth, RAW_CODES[form]).tobytes())
    (frame,) = [
        captured.frame_bgr
        for captured in frames_of(f"exec:64x48:{form}:cat {tmp_path / 'raw'}", events.options())
    ]
    gray = cv2.cvtColor(cv2.cvtColor(smooth, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    expected = gray if form == "gray" else smooth
    assert frame.shape == (48, 64, 3)
    assert np.abs(frame.astype(int) - expected).mean() < 8


def test_a_command_gives_motion_jpeg(events: EventLog, tmp_path: Path) -> None:
    (tmp_path / "clip.mjpeg").write_bytes(b"".join(jpeg(scene(level)) for level in (10, 120, 240)))
    captured_frames = list(frames_of(f"exec:cat {tmp_path / 'clip.mjpeg'}", events.options()))
    assert level_of(captured_frames[-1].frame_bgr) == 240


def test_a_command_that_cannot_be_parsed_starts_nothing(events: EventLog) -> None:
    with pytest.raises(OptionError, match="no command"):
        next(frames_of("exec:", events.options()))
    assert events == []
