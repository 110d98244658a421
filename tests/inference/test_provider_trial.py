"""A provider is what it does with a model, and the doctor judges it by that."""

import pytest

from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor.surroundings import judge_provider
from edgecnn.inference.provider_facts import CPU
from edgecnn.inference.provider_trial import TRIED, Provider, Trial
from edgecnn.model.form import Form
from edgecnn.model.model_file import read_model

RAN, LEFT = Trial(Form.INT8, 1.0, ""), Trial(Form.FP32, 0.0, "")
REFUSED = Trial(Form.INT8, 0.0, "it did not start")


def test_the_models_that_are_tried_are_of_the_forms_they_stand_for() -> None:
    assert {form: read_model(path).card.form for form, path in TRIED.items()} == {
        Form.INT8: Form.INT8, Form.FP32: Form.FP32,
    }  # fmt: skip


def test_forms_with_the_same_outcome_share_a_sentence() -> None:
    trials = (RAN, Trial(Form.FP32, 1.0, ""), Trial(Form.FP16, 0.5, ""))
    assert str(Provider("X", "p 1", trials)) == (
        "runs int8 and fp32; takes 50.0% of fp16, the CPU would do the rest"
    )


@pytest.mark.parametrize(
    ("name", "trials", "result"),
    [
        (CPU, (RAN, Trial(Form.FP32, 1.0, "")), OK),
        (CPU, (RAN, REFUSED), FAIL),
        ("X", (REFUSED, LEFT), OK),
        ("X", (REFUSED, REFUSED), WARN),
    ],
    ids=["the CPU runs both", "the CPU fails one", "another runs one", "another runs none"],
)
def test_the_cpu_must_run_every_form_and_others_need_not(
    name: str, trials: tuple[Trial, ...], result: str
) -> None:
    assert judge_provider(Provider(name, "p 1", trials)).result == result
