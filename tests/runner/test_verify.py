"""`verify` on a device, without torch and onnx."""

from pathlib import Path

import numpy as np
import pytest
from craft import with_fields, with_new_digest
from test_floors import run_python

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.data.dataset import Dataset
from edgecnn.errors import DataError
from edgecnn.model import digest
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import encode_png
from edgecnn.runner.verify import verify_on_device


@pytest.fixture(scope="module")
def folder(digits: tuple[Dataset, ModelSpec], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty test digits as an image folder."""
    data, _ = digits
    root = tmp_path_factory.mktemp("pictures")
    for i, (frame, label) in enumerate(zip(data.test.frames[:60], data.test.labels, strict=False)):
        (root / data.labels[label]).mkdir(exist_ok=True)
        (root / data.labels[label] / f"{i}.png").write_bytes(encode_png(np.asarray(frame)))
    return root


def results(path: Path, pictures: str = "") -> dict[str, str]:
    return {check.name: check.result for check in verify_on_device(path, pictures).checks}


def test_a_whole_file_passes_what_a_device_can_check(int8: Path, folder: Path) -> None:
    assert results(int8, str(folder)) == {
        "digest": OK, "contract": OK, "fit rule": OK, "golden": OK, "reference": SKIPPED,
        "run": SKIPPED, "labels": OK, "accuracy": OK,
    }  # fmt: skip


def test_the_accuracy_is_counted_over_the_pictures(int8: Path, folder: Path) -> None:
    (check,) = (c for c in verify_on_device(int8, str(folder)).checks if c.name == "accuracy")
    assert "on 60 pictures" in check.reason


def test_a_changed_byte_fails_the_digest(int8: Path, tmp_path: Path) -> None:
    content = bytearray(int8.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "changed.onnx").write_bytes(content)
    assert results(tmp_path / "changed.onnx")["digest"] == FAIL


def test_changed_golden_answers_fail(int8: Path, tmp_path: Path) -> None:
    logits = [[5.0 - x for x in row] for row in read_model(int8).golden.logits]
    spoiled = with_new_digest(int8, tmp_path, with_fields(digest.GOLDEN_KEY, logits=logits))
    assert results(spoiled)["golden"] == FAIL


def test_permuted_labels_are_named_by_the_pictures(
    int8: Path, folder: Path, tmp_path: Path
) -> None:
    labels = ["1", "0", *"23456789"]
    spoiled = with_new_digest(int8, tmp_path, with_fields(digest.SPEC_KEY, labels=labels))
    checks = {check.name: check for check in verify_on_device(spoiled, str(folder)).checks}
    assert checks["labels"].result == FAIL
    assert "the file's '1' is the data's '0'" in checks["labels"].reason


def test_a_folder_of_another_class_is_refused(int8: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(encode_png(np.zeros((28, 28, 1), np.uint8)))
    with pytest.raises(DataError, match="'cat', which is no class"):
        verify_on_device(int8, str(tmp_path))


def test_the_command_checks_what_it_can_where_torch_and_onnx_are_not_installed(int8: Path) -> None:
    code = f"""
import sys
for name in ('torch', 'onnx', 'sklearn', 'scipy'):
    sys.modules[name] = None
import importlib.util
importlib.util.find_spec = lambda name, *_: None
from edgecnn.cli import app
from typer.testing import CliRunner
result = CliRunner().invoke(app, ['verify', {str(int8)!r}], catch_exceptions=False)
assert result.exit_code == 0, result.output
assert 'golden' in result.output and 'needs torch and onnx' in result.output, result.output
result = CliRunner().invoke(app, ['verify', {str(int8)!r}, '--against', 'run'])
assert result.exception.exit_code == 2, result.output
print('ran')
"""
    assert run_python(code).endswith("ran\n")
