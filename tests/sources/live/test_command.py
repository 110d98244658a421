"""`exec:` sources: what is parsed, and what is refused."""

import pytest

from edgecnn.errors import OptionError
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
