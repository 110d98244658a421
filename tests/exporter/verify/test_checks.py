"""Checks are collected in a report, whose failures are found."""

from edgecnn.check_result import FAIL, OK, SKIPPED
from edgecnn.exporter.verify.checks import Check, VerifyReport, other_rule, rule_of
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
