"""The results of checks print and travel as their words."""

import json

import pytest

from edgecnn.check_result import CANNOT_TELL, CheckResult


@pytest.mark.parametrize("result", list(CheckResult))
def test_a_result_prints_as_its_word(result: CheckResult) -> None:
    assert str(result) == f"{result}" == result.value
    assert CheckResult(result.value) is result


def test_a_result_is_its_word_in_json() -> None:
    assert json.dumps({"result": CANNOT_TELL}) == '{"result": "CANNOT TELL"}'
