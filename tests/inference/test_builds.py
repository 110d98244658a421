"""Exactly one build of ONNX Runtime may be installed."""

import pytest

from edgecnn.errors import LibraryError
from edgecnn.inference.builds import BUILDS, check_builds, installed_builds


def test_without_onnx_runtime_the_error_gives_the_pip_line() -> None:
    with pytest.raises(LibraryError, match="no ONNX Runtime is installed") as refusal:
        check_builds([])
    assert "pip install onnxruntime" in refusal.value.remedy


def test_two_builds_are_an_error_that_removes_both_and_installs_one() -> None:
    with pytest.raises(LibraryError, match="2 ONNX Runtime builds") as refusal:
        check_builds(["onnxruntime", "onnxruntime-gpu"])
    assert "onnxruntime, onnxruntime-gpu" in refusal.value.what
    assert refusal.value.remedy == (
        "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu"
    )


@pytest.mark.parametrize("build", BUILDS)
def test_one_build_is_right_whichever_it_is(build: str) -> None:
    check_builds([build])


def test_exactly_one_build_is_installed_here() -> None:
    assert len(installed_builds()) == 1
