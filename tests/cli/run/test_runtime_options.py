"""Options of `edgecnn run`: ONNX Runtime, and waiting for cameras."""

from pathlib import Path

import pytest
from commands import Main, command

PATTERN = ("--source", "pattern")


@pytest.mark.parametrize(("option", "value", "words"), [
    ("--watchdog", "0", "is not in the range"),
    ("--session", "session.intra_op.allow_spining=1", "did you mean session.intra_op.allow_spin"),
    ("--session", "nonsense", "KEY=VALUE"),
])  # fmt: skip
def test_a_setting_that_cannot_be_used_is_refused(
    main: Main, int8: Path, option: str, value: str, words: str
) -> None:
    done = main("run", int8, *PATTERN, option, value)
    assert (done.returncode, words in done.stderr, done.stdout) == (2, True, ""), done.stderr


def test_a_session_setting_reaches_onnxruntime(main: Main, int8: Path) -> None:
    setting = ("--session", "session.intra_op.allow_spinning=1")
    assert main("run", int8, *PATTERN, "--max-frames", "1", *setting).returncode == 0


def test_a_run_waits_for_a_camera_only_with_wait() -> None:
    done = command("run", "article-mnist", "--source", "/dev/video98")
    assert (done.returncode, "--wait" in done.stderr) == (3, True)
