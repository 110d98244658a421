"""Checks that load native libraries in a child process."""

import pytest

from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor import native
from edgecnn.doctor.examine import run_check
from edgecnn.doctor.finding import Place


@pytest.mark.parametrize(
    ("source", "result", "words"),
    [
        ("pattern", OK, "640x480"),
        ("gone.mp4", FAIL, "gone.mp4"),
        ("exec:false", FAIL, "ended with 1"),
        ("exec:4x4:gray:head -c 16 /dev/zero", WARN, "all of one colour"),
    ],
)
def test_one_frame_is_taken_of_the_source(source: str, result: str, words: str) -> None:
    (finding,) = run_check("frame", native.check_frame, Place(source=source))
    assert finding.result == result
    assert words in finding.reason


def test_without_a_source_no_frame_is_taken() -> None:
    assert list(native.check_frame(Place())) == []


def test_a_whole_model_is_right_here_and_leaves_nothing_in_the_home() -> None:
    assert [(row.name, row.result) for row in native.check_model(Place())] == [
        ("fit rule", OK), ("model", OK), ("telemetry", OK),
    ]  # fmt: skip
