"""An ONNX Runtime older than the tested ones is a warning."""

import pytest

from edgecnn.inference.ort import TESTED, warn_if_old


@pytest.mark.parametrize("version", ["1.31.9", "1.24.1", "0.99.0", "1.9.0"])
def test_an_older_onnx_runtime_warns_naming_both_versions(version: str) -> None:
    with pytest.warns(UserWarning, match=f"{version} is older than 1.32") as warned:
        warn_if_old(version)
    assert "pip install --upgrade" in str(warned[0].message)


@pytest.mark.parametrize("version", ["1.32.0", "1.32.1", "1.33.0.dev20261101", "1.100.0", "2.0.0"])
def test_a_tested_or_newer_onnx_runtime_is_silent(version: str) -> None:
    warn_if_old(version)  # a warning would be an error here
    assert TESTED == (1, 32)
