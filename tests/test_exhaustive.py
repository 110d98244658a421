"""A match that leaves out a member of an enum is an error, for mypy and at run time."""

import subprocess
import sys
from pathlib import Path

import pytest

from edgecnn.exhaustive import assert_never

MATCH = """
from enum import Enum
from edgecnn.exhaustive import assert_never

class Form(Enum):
    A = 1
    B = 2

def name(form: Form) -> str:
    match form:
        case Form.A:
            return "a"
        {case}
        case _:
            assert_never(form)
"""


@pytest.mark.parametrize(
    ("case", "complaint"),
    [('case Form.B: return "b"', ""), ("", "incompatible type")],
    ids=["every member has a case", "one is left out"],
)
def test_mypy_finds_a_member_without_a_case(tmp_path: Path, case: str, complaint: str) -> None:
    (tmp_path / "names.py").write_text(MATCH.format(case=case))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), str(tmp_path / "names.py")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == (not complaint), done.stdout
    assert complaint in done.stdout


def test_a_value_that_is_not_handled_is_named() -> None:
    with pytest.raises(AssertionError, match="'C' is not handled"):
        assert_never("C")  # type: ignore[arg-type]
