"""Pictures name a fault that the golden frames already have."""

from pathlib import Path

import pytest
from craft import Edit

from edgecnn.check_result import SKIPPED
from edgecnn.errors import DataError
from edgecnn.exporter.verify.verify import verify
from edgecnn.model.form import Form
from exporter.coloured import Coloured
from exporter.verify.spoiled import PERMUTED, SPOILED, reasons, results, with_its_own_golden


@pytest.mark.parametrize(("form", "edit", "words"), [*SPOILED[:7], *PERMUTED])
def test_data_names_what_was_wrong_already_when_the_golden_frames_were_chosen(
    coloured: Coloured, tmp_path: Path, form: Form, edit: Edit, words: str
) -> None:
    spoiled = with_its_own_golden(coloured.files[form], tmp_path, edit)
    found = reasons(verify(spoiled, data=str(coloured.data)))
    assert "golden" not in found
    assert words in found["labels" if "permuted" in words else "accuracy"]


def test_data_of_other_classes_is_refused(coloured: Coloured) -> None:
    with pytest.raises(DataError, match="blue"):
        verify(coloured.files[Form.INT8], data="digits")


def test_other_pictures_of_the_same_classes_leave_the_fit_rule_open(
    coloured: Coloured, tmp_path: Path
) -> None:
    for folder in coloured.data.iterdir():
        (tmp_path / folder.name).mkdir()
        for path in sorted(folder.iterdir())[:30]:
            (tmp_path / folder.name / path.name).write_bytes(path.read_bytes())
    report = verify(coloured.files[Form.INT8], data=str(tmp_path))
    assert results(report)["frames"] == SKIPPED
    assert reasons(report) == {}
