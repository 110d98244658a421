"""A run names a fault that the golden frames already have, in a file and in its other forms."""

from pathlib import Path

import pytest
from craft import Edit

from edgecnn.check_result import SKIPPED
from edgecnn.exporter.verify.verify import verify
from edgecnn.model.form import Form
from exporter.coloured import Coloured
from exporter.verify.spoiled import PERMUTED, SPOILED, reasons, results, with_its_own_golden


@pytest.mark.parametrize(("form", "edit", "words"), [*SPOILED[:7:2], *PERMUTED])
def test_the_run_names_what_was_wrong_already_when_the_golden_frames_were_chosen(
    coloured: Coloured, tmp_path: Path, form: Form, edit: Edit, words: str
) -> None:
    spoiled = with_its_own_golden(coloured.files[form], tmp_path, edit)
    found = reasons(verify(spoiled, against=coloured.run))
    assert words in found[f"{form} = torch"]
    assert list(found) == [f"{form} = torch"]


def test_a_file_of_another_run_is_noticed(coloured: Coloured, int8: Path) -> None:
    report = verify(int8, against=coloured.run)
    assert "labels are others" in reasons(report)["run"]
    assert results(report)["agreement"] == SKIPPED


def test_a_broken_form_beside_the_file_fails_by_its_name(
    coloured: Coloured, tmp_path: Path
) -> None:
    for form, path in coloured.files.items():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: -1 if form is Form.FP32 else None])
    found = reasons(verify(tmp_path / "c.int8.onnx", against=coloured.run))
    assert list(found) == ["fp32 = torch"]
