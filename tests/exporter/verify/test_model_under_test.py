"""The model under test gives the logits of the runner, even if its golden frames disagree."""

from pathlib import Path

import numpy as np
import pytest
from craft import with_new_digest

from edgecnn.errors import ModelError
from edgecnn.exporter.verify.model_under_test import ModelUnderTest
from edgecnn.inference.classifier import Classifier
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model
from exporter.coloured import Coloured
from exporter.verify.spoiled import first_conv_swapped


@pytest.mark.parametrize("form", [Form.FP32, Form.INT8])
def test_its_logits_are_those_of_the_runner(coloured: Coloured, form: Form) -> None:
    tested = ModelUnderTest(read_model(coloured.files[form]))
    frames = tested.some_frames(12)
    with Classifier(coloured.files[form]) as classifier:
        np.testing.assert_array_equal(tested.logits(frames), classifier.logits(list(frames)))


def test_a_file_that_the_runner_refuses_can_be_examined(coloured: Coloured, tmp_path: Path) -> None:
    path = with_new_digest(coloured.files[Form.FP32], tmp_path, first_conv_swapped)
    with pytest.raises(ModelError):
        Classifier(path)
    tested = ModelUnderTest(read_model(path))
    assert np.isfinite(tested.logits(tested.some_frames(2))).all()


def test_the_golden_frames_come_first_and_then_noise(coloured: Coloured) -> None:
    tested = ModelUnderTest(read_model(coloured.files[Form.FP32]))
    golden = np.stack(tested.golden_frames)
    frames = tested.some_frames(len(golden) + 2)
    assert np.array_equal(frames[:-2], golden)
    assert frames[-2:].std() > 50
    assert len(tested.some_frames(2)) == 2


def test_the_tolerance_is_that_of_the_form_not_of_the_file(coloured: Coloured) -> None:
    found = {form: ModelUnderTest(read_model(path)) for form, path in coloured.files.items()}
    assert found[Form.FP32].tolerance == 1e-4
    assert found[Form.INT8].tolerance > found[Form.FP32].tolerance
