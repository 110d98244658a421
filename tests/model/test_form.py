"""Each form has its own suffix, tolerance and providers."""

import pytest

from edgecnn.model.form import INT8_STEPS, Form


def test_every_form_has_a_suffix_of_its_own() -> None:
    suffixes = {form.suffix for form in Form}
    assert len(suffixes) == len(Form)
    assert f"small{Form.INT8.suffix}" == "small.int8.onnx"


def test_a_form_reads_as_its_value() -> None:
    assert f"{Form.FP16}" == "fp16"


@pytest.mark.parametrize(
    ("form", "tolerance"), [(Form.FP32, 1e-4), (Form.FP16, 5e-3), (Form.INT8, INT8_STEPS * 0.25)]
)
def test_only_int8_logits_may_differ_by_quantization_steps(form: Form, tolerance: float) -> None:
    assert form.tolerance(0.25) == tolerance


def test_only_int8_is_refused_by_providers() -> None:
    assert [form for form in Form if form.refused_by] == [Form.INT8]
    assert "cpu" not in Form.INT8.refused_by
