"""Options of an export: which forms, and a share to keep that is one."""

import pytest

from edgecnn.errors import OptionError
from edgecnn.exporter.options import AUTO, Options, parse_forms
from edgecnn.model.form import Form


def test_by_default_fp32_and_int8_are_written_for_any_cpu() -> None:
    options = Options()
    assert options.forms == (Form.FP32, Form.INT8)
    assert options.target.value == "portable"
    assert not options.force


@pytest.mark.parametrize("form", Form)
def test_every_form_has_a_name_that_is_read(form: Form) -> None:
    assert parse_forms(form.value) == (form,)
    assert parse_forms("auto") == AUTO


def test_a_form_of_another_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(OptionError, match="fp32,int4") as refusal:
        parse_forms("fp32,int4")
    assert "int8" in refusal.value.remedy


@pytest.mark.parametrize("keep", [0.0, 1.01, float("nan")])
def test_a_share_to_keep_is_above_0_and_up_to_1(keep: float) -> None:
    with pytest.raises(OptionError, match="keep is"):
        Options(keep=keep)


def test_options_survive_json() -> None:
    options = Options(forms=(Form.FP16,), keep=0.9, ood=("noise",))
    assert Options.from_json(options.to_json()) == options
