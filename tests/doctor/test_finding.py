"""What the checks of this machine report."""

from edgecnn.check_result import FAIL, OK, WARN
from edgecnn.doctor.finding import DoctorReport, Finding


def test_only_findings_that_fail_are_failures() -> None:
    findings = (Finding("a", OK, ""), Finding("b", FAIL, "bad", "do"), Finding("c", WARN, "so"))
    assert DoctorReport(findings).failures == (findings[1],)


def test_a_report_has_its_results_as_words_in_json() -> None:
    report = DoctorReport((Finding("disk", WARN, "full", "free some disk space"),))
    assert '"result":"WARN"' in report.to_json()
    assert DoctorReport.from_json(report.to_json()) == report
