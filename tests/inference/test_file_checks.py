"""Checks of a file that need neither torch nor onnx, and the report that holds them."""

from pathlib import Path

import numpy as np

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.inference.file_checks import (
    Check,
    VerifyReport,
    check_bytes,
    check_golden,
    other_rule,
    rule_of,
)
from edgecnn.model.model_file import read_model
from edgecnn.model.spec import Fit, ModelSpec, Shrink

SPEC = ModelSpec(("a", "b"), 8, 8, 1, Fit.STRETCH, Shrink.AREA)


def test_only_failures_are_failures() -> None:
    bad = Check("golden", FAIL, "a reason")
    report = VerifyReport(
        "m.onnx", "int8", (Check("digest", OK, ""), bad, Check("run", SKIPPED, ""))
    )
    assert report.failures == (bad,)
    assert VerifyReport.from_json(report.to_json()) == report


def test_a_fit_rule_is_named_by_fit_and_shrink() -> None:
    assert rule_of(SPEC) == "stretch, area"
    assert other_rule(SPEC).endswith("the file says stretch, area")


def test_golden_logits_within_the_tolerance_hold_and_others_fail(int8: Path) -> None:
    golden = read_model(int8).golden
    logits = np.array(golden.logits, np.float32)
    assert check_golden(golden, logits + 0.1, 0.2).result == OK
    check = check_golden(golden, logits + 0.3, 0.2)
    assert check.result == FAIL
    assert "a logit is off by 0.3, allowed is 0.2" in check.reason


def test_a_flipped_bit_fails_the_digest(int8: Path, tmp_path: Path) -> None:
    content = bytearray(int8.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "flipped.onnx").write_bytes(content)
    checks, file = check_bytes(tmp_path / "flipped.onnx")
    assert file is None
    assert [(check.name, check.result) for check in checks] == [("digest", FAIL)]
